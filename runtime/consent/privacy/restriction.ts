import type { Database, Queries } from "../../service/postgres.ts";
import type { Actor } from "../events.ts";
import { tell } from "./events.ts";
import { answer, ask, lockCustomer } from "./request-store.ts";
import type { PrivacyRequest } from "./request.ts";

/**
 * Keeps a customer's data from being given to partners, or used for more than the law asks for, from now on (GDPR article
 * 18; Kenya DPA 2019 section 34). What she has given lives on, and works again when this is over.
 */
export function restrict(database: Database, request: PrivacyRequest): Promise<PrivacyRequest> {
  return database.transaction(async (tx) => {
    const { id, customer, askedAt: at, askedBy: actor } = request;
    await ask(tx, request);
    await tx.query(
      "insert into restrictions (customer, request, since) values ($1, $2, $3) on conflict do nothing",
      [customer, id, at],
    );
    const event = { at: at.toISOString(), customer, actor, request: id };
    await tell(tx, id, { type: "privacy.restricted", ...event });
    return answer(tx, id, { answer: "Granted", actor, at });
  });
}

/** @returns false when nothing of the customer's was restricted. */
export function unrestrict(
  database: Database,
  customer: string,
  { actor, at }: { readonly actor: Actor; readonly at: Date },
): Promise<boolean> {
  return database.transaction(async (tx) => {
    await lockCustomer(tx, customer);
    const { rows } = await tx.query<{ readonly request: string }>(
      "delete from restrictions where customer = $1 returning request",
      [customer],
    );
    const request = rows[0]?.request;
    if (request === undefined) return false;
    const event = { at: at.toISOString(), customer, actor, request };
    await tell(tx, request, { type: "privacy.unrestricted", ...event });
    return true;
  });
}

/** Since when a customer's data is restricted; undefined when it is not. */
export async function restrictedSince(queries: Queries, customer: string): Promise<Date | undefined> {
  const { rows } = await queries.query<{ readonly since: Date }>(
    "select since from restrictions where customer = $1",
    [customer],
  );
  return rows[0]?.since;
}
