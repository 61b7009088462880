import type { FastifyInstance } from "fastify";
import { BERLIN_GROUP_PATH } from "../service/berlin-group.ts";
import { CONTEXT_HEADER, parseContext } from "../service/context.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { Queries } from "../service/postgres.ts";

/** Counts a call without the customer; false when her consent's policy allows no more today. */
export type CountUnattended = (consent: string, resource: string, at: Date) => Promise<boolean>;

/** Counted by the consent service's own function, across all pods. */
export function countedIn(queries: Queries): CountUnattended {
  return async (consent, resource, at) => {
    const { rows } = await queries.query<{ readonly allowed: boolean }>(
      "select consent.unattended($1, $2, $3) as allowed",
      [consent, resource, at],
    );
    return rows[0]?.allowed === true;
  };
}

/** Where a partner reads under a customer's consent, and the header that tells that she is there. */
const READS = [
  { base: "/open-banking/v4.0/aisp/", attended: "x-fapi-customer-ip-address" },
  { base: `${BERLIN_GROUP_PATH}/`, attended: "psu-ip-address" },
];

/**
 * Holds partners to the number of calls a day that they may make by themselves (EU 2018/389 article 36(5)).
 *
 * A call is attended when it names the customer's own address; the next page of an answer is no other call.
 */
export function limitUnattended(
  app: FastifyInstance,
  { count, clock }: { readonly count: CountUnattended; readonly clock: () => Date },
): void {
  app.addHook("preHandler", async (request, reply) => {
    const { headers, query } = request;
    const read = READS.find(({ base }) => request.url.startsWith(base));
    if (read === undefined || headers[read.attended] !== undefined) return;
    if ((query as { readonly page?: unknown }).page !== undefined || request.peer !== "gateway") return;
    const consent = parseContext(headers[CONTEXT_HEADER])?.consentId;
    const [resource = ""] = request.url.slice(read.base.length).split("?", 1);
    const now = clock();
    if (consent === undefined || (await count(consent, resource, now))) return;
    const tomorrow = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
    reply.header("retry-after", Math.ceil((tomorrow - now.getTime()) / 1000));
    const message =
      "This was read as often today as the consent allows without the customer; send " +
      `${read.attended} when she is there, or come back tomorrow (UTC).`;
    throw new ObukError(429, { reason: "Other", message });
  });
}
