import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { ConsentSnapshot } from "../../service/consent-snapshot.ts";
import type { ServiceIdentity } from "../../service/identity.ts";
import type { Log } from "../../service/logger.ts";
import { createServiceApp } from "../../service/mtls-server.ts";
import { aShard } from "../../service/testing/signed.ts";
import type { Authorisation } from "../consents.ts";

/** The services behind the authorization server, small but with their real addresses, over real service mTLS. */
export interface Neighbours {
  readonly origin: string;
  /** Stages a consent that waits for its customer. @returns its id. */
  stage(fields: Partial<ConsentSnapshot> & { readonly clientId: string }): string;
  consent(id: string): ConsentSnapshot;
  /** Changes a consent behind everybody's back. */
  change(id: string, fields: Partial<ConsentSnapshot>): void;
  /** What was said of each authorisation. */
  readonly authorisations: readonly (Authorisation & { readonly id: string })[];
  close(): Promise<void>;
}

/** A customer of the bank, her password, and her accounts. */
export const WANJIKU = {
  customer: "cus-wanjiku",
  username: "wanjiku",
  password: "correct horse",
  accounts: [
    {
      accountId: "acc-1",
      currency: "KES",
      nickname: "Everyday",
      identification: "••••4321",
      scheme: "UK.OBIE.IBAN",
      number: "KE00004321",
      holder: "Wanjiku M.",
    },
    { accountId: "acc-2", currency: "EUR", nickname: "Travel & <fun>" },
  ],
} as const;

/** Starts consent and banking behind one port. */
export async function startNeighbours(identity: ServiceIdentity, log: Log): Promise<Neighbours> {
  const consents = new Map<string, ConsentSnapshot>();
  const authorisations: (Authorisation & { readonly id: string })[] = [];
  const now = new Date().toISOString();
  const app = createServiceApp({ log, namespace: "stack-ke", allow: ["oauth"], identity });
  const consentOf = (id: string): ConsentSnapshot => {
    const consent = consents.get(id);
    if (consent === undefined) throw new Error(`No consent ${id} was staged.`);
    return consent;
  };
  const decide = (id: string, from: readonly string[], fields: Partial<ConsentSnapshot>) => {
    const consent = consents.get(id);
    if (consent === undefined) return { status: 404, body: {} };
    if (!from.includes(consent.status)) return { status: 409, body: {} };
    const changed = { ...consent, ...fields, statusUpdatedAt: new Date().toISOString() };
    consents.set(id, changed);
    return { status: 200, body: changed };
  };
  app.get<{ Params: { id: string } }>("/internal/consents/:id", async ({ params }, reply) => {
    const consent = consents.get(params.id);
    return consent ?? reply.status(404).send({});
  });
  app.post<{ Params: { id: string }; Body: Authorisation }>(
    "/internal/consents/:id/authorise",
    async ({ params: { id }, body }, reply) => {
      const { customer, accounts, grantId } = body;
      const known = consents.get(id)?.customer;
      if (known !== undefined && known !== customer) return reply.status(409).send({});
      const fields = { status: "AUTH" as const, customer, accounts: [...accounts], grantId };
      const answer = decide(id, ["AWAU", "AUTH"], fields);
      if (answer.status === 200) authorisations.push({ id, ...body });
      return reply.status(answer.status).send(answer.body);
    },
  );
  app.post<{ Params: { id: string } }>("/internal/consents/:id/reject", async ({ params }, reply) => {
    const answer = decide(params.id, ["AWAU"], { status: "RJCT" });
    return reply.status(answer.status).send(answer.body);
  });
  app.post<{ Params: { id: string }; Body: { customer: string } }>(
    "/internal/consents/:id/withdraw",
    async ({ params: { id }, body }, reply) => {
      if (consents.get(id)?.customer !== body.customer) return reply.status(409).send({});
      const answer = decide(id, ["AUTH"], { status: "CANC" });
      return reply.status(answer.status).send(answer.body);
    },
  );
  app.get<{ Params: { id: string } }>("/internal/customers/:id/consents", async ({ params: { id } }) => ({
    consents: [...consents.values()].filter(({ customer }) => customer === id).toReversed(),
  }));
  const wishes = new Map<string, string[]>();
  app.get<{ Params: { id: string } }>("/internal/customers/:id/privacy", async ({ params: { id } }) => {
    const hers = wishes.get(id) ?? [];
    const restricted = hers.findLast((kind) => kind.endsWith("restriction")) === "restriction";
    return {
      requests: hers
        .filter((kind) => kind !== "end-of-restriction")
        .map((kind) => ({ kind, askedAt: now, dueAt: now, answer: "Granted" })),
      ...(restricted ? { restrictedSince: now } : {}),
    };
  });
  app.post<{ Params: { id: string }; Body: { kind: string } }>(
    "/internal/customers/:id/privacy",
    async ({ params: { id }, body: { kind } }) => {
      wishes.set(id, [...(wishes.get(id) ?? []), kind]);
      if (kind === "erasure")
        for (const { id: consent, customer } of consents.values())
          if (customer === id) decide(consent, ["AUTH"], { status: "CANC" });
      return {};
    },
  );
  app.post<{ Params: { id: string } }>("/internal/customers/:id/record", async ({ params: { id } }) => ({
    customer: id,
    consents: [...consents.values()].filter(({ customer }) => customer === id),
  }));
  app.get<{ Params: { id: string; subject: string } }>(
    "/internal/customers/:id/receipts/:subject",
    async ({ params: { id, subject } }, reply) => {
      const consent = consents.get(subject);
      if (consent?.customer !== id) return reply.status(400).send({});
      // What has just ended is not signed yet.
      return consent.status === "CANC" ? reply.status(202).send() : { subject };
    },
  );
  app.post<{ Body: { username: string; password: string } }>("/internal/login", async ({ body }, reply) => {
    const right = body.username === WANJIKU.username && body.password === WANJIKU.password;
    return right ? { customer: WANJIKU.customer } : reply.status(401).send({});
  });
  app.get("/internal/customers/:id/accounts", async () => ({ accounts: WANJIKU.accounts }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    origin: `https://localhost:${(app.server.address() as AddressInfo).port}`,
    authorisations,
    stage(fields) {
      const id = `aac-${randomUUID()}`;
      consents.set(id, {
        id,
        status: "AWAU",
        permissions: ["ReadAccountsDetail", "ReadBalances"],
        accounts: [],
        createdAt: now,
        statusUpdatedAt: now,
        expiresAt: new Date(Date.now() + 90 * 86_400_000).toISOString(),
        policy: aShard().policy,
        ...fields,
      });
      return id;
    },
    consent: consentOf,
    change(id, fields) {
      consents.set(id, { ...consentOf(id), ...fields });
    },
    close: () => app.close(),
  };
}
