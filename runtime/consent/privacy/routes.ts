import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { onlyFrom } from "../../service/mtls-server.ts";
import type { Database } from "../../service/postgres.ts";
import { Problem } from "../../service/problem.ts";
import type { PartnerDirectory } from "../../service/shards.ts";
import { forCustomer, giveRecord } from "./record.ts";
import { createPrivacyRequests } from "./request-store.ts";
import { type Law, newRequest, type PrivacyKind, type PrivacyRequest } from "./request.ts";
import { restrict, restrictedSince, unrestrict } from "./restriction.ts";

/** What a customer asks by herself, on her own pages. */
export const OwnWish = Type.Object({
  kind: Type.Enum(["erasure", "restriction", "end-of-restriction"], { type: "string" }),
});
export type OwnWish = Static<typeof OwnWish>;

const ownWish = Compile(OwnWish);

/** What a customer's own pages need of the consent service. */
export interface PrivacyRoutesOptions {
  readonly database: Database;
  readonly partners: Pick<PartnerDirectory, "partner">;
  readonly clock: () => Date;
  /** A new, unguessable id that begins so. */
  readonly newId: (prefix: string) => string;
}

/** Laws a customer's own request may fall under: the one with the shorter time limit is kept. */
const SHORTEST: Law = "KenyaDPA";

/** What the authorization server asks for a customer who has proved who she is. */
export function privacyRoutes(
  app: FastifyInstance,
  { database, partners, clock, newId }: PrivacyRoutesOptions,
): void {
  const oauth = { preHandler: onlyFrom("oauth") };
  const requests = createPrivacyRequests(database);
  const wish = (customer: string, kind: PrivacyKind): PrivacyRequest => {
    const askedBy = { kind: "customer", id: customer } as const;
    return newRequest({ id: newId("prv"), customer, kind, law: SHORTEST, askedBy }, clock());
  };
  const state = async (customer: string): Promise<object> => {
    const restricted = await restrictedSince(database, customer);
    return {
      requests: (await requests.of(customer)).map(forCustomer),
      ...(restricted === undefined ? {} : { restrictedSince: restricted }),
    };
  };

  app.get<{ Params: { id: string } }>("/internal/customers/:id/privacy", oauth, async ({ params: { id } }) =>
    state(id),
  );

  app.post<{ Params: { id: string } }>(
    "/internal/customers/:id/privacy",
    oauth,
    async ({ params: { id }, body }) => {
      if (!ownWish.Check(body))
        throw new Problem(400, "RequestInvalid", "The request must carry what is wished.");
      if (body.kind === "erasure") await requests.ask(wish(id, "erasure"));
      else if (body.kind === "end-of-restriction")
        await unrestrict(database, id, { actor: { kind: "customer", id }, at: clock() });
      else if ((await restrictedSince(database, id)) === undefined)
        await restrict(database, wish(id, "restriction"));
      return state(id);
    },
  );

  app.post<{ Params: { id: string } }>(
    "/internal/customers/:id/record",
    oauth,
    async ({ params: { id } }) => {
      const nameOf = (clientId: string): string | undefined => partners.partner(clientId)?.shard.displayName;
      return giveRecord(database, wish(id, "access"), nameOf);
    },
  );
}
