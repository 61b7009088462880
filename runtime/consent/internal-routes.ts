import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { onlyFrom } from "../service/mtls-server.ts";
import { Problem } from "../service/problem.ts";
import { consentSnapshot } from "./answer.ts";
import type { Database } from "../service/postgres.ts";
import type { Decision, Refusal } from "./change.ts";
import { asOf, type Consent } from "./consent.ts";
import { restrictedSince } from "./privacy/restriction.ts";
import type { ChangeConsent } from "./registry.ts";
import type { ConsentStore } from "./store.ts";

/** What oauth sends when a customer said yes. */
export const AuthoriseRequest = Type.Object({
  customer: Type.String({ minLength: 1, maxLength: 128 }),
  accounts: Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 200 }),
  grantId: Type.String({ minLength: 1, maxLength: 200 }),
  /** The account that is paid from or asked about, with its number; for every kind but account access. */
  debtor: Type.Optional(
    Type.Object({
      SchemeName: Type.String({ minLength: 1, maxLength: 128 }),
      Identification: Type.String({ minLength: 1, maxLength: 256 }),
      Name: Type.String({ minLength: 1, maxLength: 350 }),
    }),
  ),
  sca: Type.Object({
    method: Type.String({ minLength: 1 }),
    at: Type.String({ format: "date-time" }),
    /** What the customer's code was made for: service/dynamic-link.ts. */
    linked: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })),
  }),
  /** The words she saw. */
  shown: Type.Optional(Type.String({ minLength: 1, maxLength: 65_536 })),
});
export type AuthoriseRequest = Static<typeof AuthoriseRequest>;

/** What oauth sends when a customer takes a consent back. */
export const WithdrawRequest = Type.Object({ customer: Type.String({ minLength: 1 }) });

const authoriseRequest = Compile(AuthoriseRequest);
const withdrawRequest = Compile(WithdrawRequest);

/** A gateway that starts needs no revocation older than the longest access token (900 s) with room to spare, in ms. */
const LOOK_BACK_MS = 1_800_000;

const REFUSALS: Readonly<Record<Refusal, (consent: Consent) => string>> = {
  StateForbids: ({ state }) => `The consent is ${state}, which does not allow this.`,
  OtherCustomer: () => "The consent is another customer's.",
  NoAccounts: () => "A consent needs at least one account.",
  OneAccount: ({ kind }) => `A consent of kind ${kind} needs one account, with its number.`,
  OtherAccount: () => "The partner asked for another account.",
  OtherRequest: () => "The customer's authentication was for another amount or payee.",
  NotYetOver: () => "The consent's time is not over.",
  NothingToMigrate: () => "The consent is in the words of the present version already.",
  OtherMeaning: () => "The consent would say something else.",
};

/** What the stack's services ask of consents, by service mTLS. */
export function internalRoutes(
  app: FastifyInstance,
  {
    store,
    change,
    clock,
    database,
  }: {
    readonly store: ConsentStore;
    readonly change: ChangeConsent;
    readonly clock: () => Date;
    readonly database: Database;
  },
): void {
  const oauth = { preHandler: onlyFrom("oauth") };

  app.get<{ Params: { id: string } }>("/internal/consents/:id", async ({ params: { id }, onlyFor }) => {
    const consent = await store.find(id);
    if (consent === undefined || (onlyFor ?? consent.clientId) !== consent.clientId) throw unknown(id);
    return consentSnapshot(asOf(consent, clock()));
  });

  app.post<{ Params: { id: string } }>("/internal/consents/:id/authorise", oauth, async (request) => {
    const { body } = request;
    if (!authoriseRequest.Check(body)) throw malformed("customer, accounts, grantId and sca {method, at}");
    const { customer, accounts, debtor, grantId, sca, shown } = body;
    if ((await restrictedSince(database, customer)) !== undefined)
      throw new Problem(
        409,
        "Restricted",
        "The customer's data may be given to nobody until she lifts that.",
      );
    const proof = { ...sca, at: new Date(sca.at) };
    const { id } = request.params;
    return changed(
      id,
      await change(
        id,
        { do: "authorise", customer, accounts, debtor, grantId, sca: proof, shown },
        { kind: "customer", id: customer },
      ),
    );
  });

  app.post<{ Params: { id: string } }>("/internal/consents/:id/reject", oauth, async ({ params: { id } }) =>
    changed(id, await change(id, { do: "reject" }, { kind: "customer" })),
  );

  app.post<{ Params: { id: string } }>(
    "/internal/consents/:id/withdraw",
    oauth,
    async ({ params: { id }, body }) => {
      if (!withdrawRequest.Check(body)) throw malformed("customer");
      const { customer } = body;
      return changed(id, await change(id, { do: "withdraw", customer }, { kind: "customer", id: customer }));
    },
  );

  app.get<{ Params: { id: string } }>(
    "/internal/customers/:id/consents",
    oauth,
    async ({ params: { id } }) => {
      const now = clock();
      const consents = await store.ofCustomer(id);
      return { consents: consents.map((consent) => consentSnapshot(asOf(consent, now))) };
    },
  );

  app.get<{ Querystring: { since?: string } }>("/internal/revocations", async ({ query: { since } }) => {
    if (since !== undefined && !/^\d{1,18}$/.test(since)) throw malformed("since as a number or not at all");
    return store.revocations(since, new Date(clock().getTime() - LOOK_BACK_MS));
  });
}

function changed(id: string, decision: Decision | undefined): object {
  if (decision === undefined) throw unknown(id);
  if (!decision.ok) throw new Problem(409, decision.why, REFUSALS[decision.why](decision.consent));
  return consentSnapshot(decision.consent);
}

function unknown(id: string): Problem {
  return new Problem(404, "ConsentUnknown", `There is no consent ${id.slice(0, 128)}.`);
}

function malformed(what: string): Problem {
  return new Problem(400, "RequestInvalid", `The request must carry ${what}.`);
}
