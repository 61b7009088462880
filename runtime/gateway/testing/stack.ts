import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import type { EnrolmentRequest } from "../../../crds/enrolment.ts";
import type { Roster, Shard } from "../../../crds/shard.ts";
import { newMessageKeys } from "../../keys/message-keys.ts";
import type { ConsentSnapshot } from "../../service/consent-snapshot.ts";
import { CONTEXT_HEADER, parseContext } from "../../service/context.ts";
import { listening } from "../../service/health.ts";
import type { MessageSigner, SigningJwk } from "../../service/jws-signature.ts";
import { createLog } from "../../service/logger.ts";
import { createUpstream, type Upstream } from "../../service/mtls-client.ts";
import type { Key } from "../../../key-store/key.ts";
import { createServiceApp } from "../../service/mtls-server.ts";
import { Problem } from "../../service/problem.ts";
import { createDirectory, type PartnerDirectory } from "../../service/shards.ts";
import { signingKey } from "../../service/signing-key.ts";
import {
  fixedIdentity,
  testAuthority,
  type TestAuthority,
  type TestCertificate,
} from "../../service/testing/authority.ts";
import { ACME, aRoster, aShard, testSigner } from "../../service/testing/signed.ts";
import { createAccessLog } from "../access-log.ts";
import { createAdmission, type Admission } from "../admission.ts";
import { trackConnections, type Connections } from "../connections.ts";
import { createConsents, type Consents } from "../consents.ts";
import { createEnded, type Ended } from "../ended.ts";
import type { Asked } from "../enrolment-desk.ts";
import { createGateway } from "../gateway.ts";
import { createKeySet, type KeySet } from "../key-set.ts";
import { localLimiter } from "../limiter.ts";
import { createListener } from "../listener.ts";
import { callMetrics } from "../metrics.ts";
import { createTokens } from "../tokens.ts";
import { partnerClient, type PartnerClient } from "./partner-client.ts";
import { AUDIENCE, ISSUER, testIssuer, type TestIssuer } from "./tokens.ts";

export const HOST = "api.ke.openbanking.test";
export const BETA = "ptn-00000000000000bb";

/** A gateway on real sockets with real neighbours, and what a test may change about its world. */
export interface TestStack {
  readonly port: number;
  readonly partners: TestAuthority;
  readonly acme: TestCertificate;
  readonly beta: TestCertificate;
  readonly directory: PartnerDirectory;
  readonly consents: Consents;
  readonly grants: Ended;
  readonly keys: KeySet;
  readonly connections: Connections;
  readonly admission: Admission;
  readonly log: string[];
  readonly registry: Registry;
  issuer: TestIssuer;
  /** Public half of the key that answers about payments are signed with. */
  readonly messageKey: SigningJwk;
  /** What the consent service would say, by id. */
  readonly held: Map<string, ConsentSnapshot>;
  /** Consents the gateway asked for, in order. */
  readonly asked: string[];
  /** What the gateway laid for the hub, in order. */
  readonly enrolments: readonly (EnrolmentRequest & { readonly clientId: string })[];
  /** Root of partners' certificates, PEM. */
  readonly partnerRoot: string;
  /** What it is told when it lays a request. */
  laid: Asked;
  /** Age of the news of revocations. */
  revocationsAgeMs: number;
  /** Writes another roster: each time with the next version. */
  roster(change?: Partial<Roster["partners"][number]>): void;
  shard(fields: Partial<Shard>): void;
  client(certificate: TestCertificate | undefined): PartnerClient;
  /** A customer's token of Acme for a consent; `claims` over that. */
  token(claims?: object): string;
  /** Stops a neighbour. */
  readonly consent: FastifyInstance;
  readonly files: { readonly cert: string; readonly key: string; readonly partnerCa: string };
  stop(): Promise<void>;
}

/** An Authorised consent of Acme for balances and accounts. */
export function heldConsent(id: string, fields: Partial<ConsentSnapshot> = {}): ConsentSnapshot {
  return {
    id,
    clientId: ACME,
    status: "AUTH",
    permissions: ["ReadAccountsBasic", "ReadBalances"],
    accounts: ["a1"],
    customer: "customer-1",
    grantId: "grant-1",
    createdAt: "2026-11-22T09:00:00Z",
    statusUpdatedAt: "2026-11-22T09:00:00Z",
    policy: aShard().policy,
    ...fields,
  };
}

/** Starts it all on loopback. @param signing the key that answers are signed with, when that is not one in memory. */
export async function startStack(signing?: () => Key): Promise<TestStack> {
  const log = createLog("test", { level: "silent" });
  const services = await testAuthority("services of ke");
  const partners = await testAuthority("partners");
  const hostAuthority = await testAuthority("hosts");
  const acme = await partners.issue({ commonName: ACME });
  const beta = await partners.issue({ commonName: BETA });
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  const files = {
    cert: join(folder, "tls.crt"),
    key: join(folder, "tls.key"),
    partnerCa: join(folder, "ca.crt"),
  };
  const hostCertificate = await hostAuthority.issue({ commonName: HOST, dns: [HOST] });
  writeFileSync(files.cert, hostCertificate.cert);
  writeFileSync(files.key, hostCertificate.key);
  writeFileSync(files.partnerCa, partners.ca);

  const signer = testSigner();
  const directory = createDirectory({ group: "ke", trust: signer.trust, startedAt: new Date() });
  let version = 0;
  let acmeEntry: Roster["partners"][number] = {
    clientId: ACME,
    minimumVersion: 1,
    suspended: false,
    revoked: [],
  };
  const roster = (change: Partial<Roster["partners"][number]> = {}): void => {
    version += 1;
    acmeEntry = { ...acmeEntry, ...change };
    const betaEntry = { clientId: BETA, minimumVersion: 1, suspended: false, revoked: [] };
    const issuedAt = new Date().toISOString();
    directory.take(signer.roster(aRoster({ version, issuedAt, partners: [acmeEntry, betaEntry] })));
  };
  const listed = ({ thumbprint }: TestCertificate): Shard["certificates"] => [
    { name: "primary", thumbprint, serial: "01", notAfter: "2027-11-22T00:00:00Z" },
  ];
  const shard = (fields: Partial<Shard>): void => {
    version += 1;
    directory.take(signer.shard(aShard({ version, certificates: listed(acme), ...fields })));
  };
  const wide = { requestsPerSecond: 10_000, burst: 10_000, maxConcurrent: 1_000 };
  shard({ limit: wide });
  shard({ clientId: BETA, certificates: listed(beta), limit: wide });
  roster();

  const held = new Map([["c1", heldConsent("c1")]]);
  const asked: string[] = [];
  const app = async (name: string, routes: (app: FastifyInstance) => void): Promise<FastifyInstance> => {
    const identity = fixedIdentity(await services.service(name), services.ca);
    const made = createServiceApp({ log, namespace: "stack-ke", allow: ["gateway"], identity });
    routes(made);
    await made.listen({ port: 0, host: "127.0.0.1" });
    return made;
  };
  const consent = await app("consent", (routes) => {
    routes.get<{ Params: { id: string } }>("/internal/consents/:id", async ({ params: { id } }) => {
      asked.push(id);
      const found = held.get(id);
      if (found === undefined) throw new Problem(404, "ConsentUnknown", "No such consent.");
      return found;
    });
    // Of a receipt that is being signed nothing comes but when to ask again; of any other, whose it would be.
    routes.get<{ Params: { id: string } }>("/receipts/v1/:id", async ({ params, headers }, reply) =>
      params.id === "awaited"
        ? reply.status(202).header("retry-after", "1").send()
        : reply.send(echo(headers)),
    );
    routes.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) =>
      done(null, { text: body, json: JSON.parse(String(body)) as unknown }),
    );
    routes.post<{ Body: { text: string } }>(
      "/open-banking/v4.0/pisp/domestic-payment-consents",
      async ({ body }, reply) => reply.status(201).send({ sent: body.text }),
    );
    routes.post<{ Body: { json: unknown } }>(
      "/open-banking/v4.0/aisp/account-access-consents",
      async (request, reply) =>
        reply
          .status(201)
          .header("x-secret", "no")
          .send({ echo: echo(request.headers), body: request.body.json }),
    );
  });
  const banking = await app("banking", (routes) => {
    routes.get("/psd2/v1/*", async ({ headers, url }) => ({ url, echo: echo(headers) }));
    routes.get("/open-banking/v4.0/aisp/*", async ({ headers, url }, reply) => {
      if (url.includes("/slow")) await new Promise(() => undefined);
      return reply.header("server", "leak").send({ url, echo: echo(headers) });
    });
  });
  const identity = fixedIdentity(await services.service("gateway"), services.ca);
  const upstream = (name: string, { server }: FastifyInstance): Upstream =>
    createUpstream({
      identity,
      origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      serverName: name,
      deadlineMs: 2_000,
    });
  const upstreams = { consent: upstream("consent", consent), banking: upstream("banking", banking) };

  const messages = messageKey();
  const clock = (): number => performance.now();
  const lines: string[] = [];
  const accessLog = createAccessLog({ write: (text: string) => lines.push(text) > 0 });
  const consents = createConsents(upstreams.consent);
  const grants = createEnded();
  const registry = new Registry();
  const stack = { issuer: testIssuer(), revocationsAgeMs: 0, laid: { asked: true } as Asked };
  const enrolments: (EnrolmentRequest & { readonly clientId: string })[] = [];
  const keys = createKeySet({ read: async () => stack.issuer.jwks(), log, clock });
  const admission = createAdmission(localLimiter(clock));
  const gateway = createGateway({
    host: HOST,
    directory,
    tokens: createTokens({ issuer: ISSUER, audience: AUDIENCE }, keys),
    consents,
    grants,
    revocationsAgeMs: () => stack.revocationsAgeMs,
    admission,
    est: {
      desk: {
        async ask(clientId, request) {
          enrolments.push({ clientId, ...request });
          return stack.laid;
        },
      },
      authorities: () => listener.authorities(),
      log,
    },
    upstreams,
    signer: () => (signing ? signerWith(signing()) : messages.signer),
    accessLog,
    metrics: callMetrics(registry),
    log,
    now: Date.now,
    clock,
  });
  const listener = createListener(HOST, files, (request, response) => handler(request, response), {
    log,
    everyMs: 20,
  });
  const connections = trackConnections(listener.server, directory, clock);
  const handler = gateway(connections);
  await listening(listener.server, 0, "127.0.0.1");
  const { port } = listener.server.address() as AddressInfo;
  const clients: PartnerClient[] = [];
  return Object.assign(stack, {
    port,
    partners,
    acme,
    beta,
    directory,
    consents,
    grants,
    keys,
    connections,
    admission,
    log: lines,
    registry,
    held,
    asked,
    enrolments,
    partnerRoot: partners.ca,
    messageKey: messages.jwk,
    roster,
    shard,
    consent,
    files,
    client(certificate: TestCertificate | undefined) {
      const made = partnerClient({ port, host: HOST, ca: hostAuthority.ca }, certificate);
      clients.push(made);
      return made;
    },
    token(claims: object = {}) {
      const usual = { client_id: ACME, sub: "customer-1", consent_id: "c1", grant_id: "grant-1" };
      return stack.issuer.token({ ...usual, cnf: { "x5t#S256": acme.thumbprint }, ...claims });
    },
    async stop() {
      for (const made of clients) made.disconnect();
      listener.stop();
      listener.server.close();
      listener.server.closeAllConnections();
      accessLog.stop();
      keys.stop();
      await Promise.all(Object.values(upstreams).map((one) => one.close()));
      consent.server.closeAllConnections();
      banking.server.closeAllConnections();
      await Promise.all([consent.close(), banking.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

function messageKey(): { readonly signer: MessageSigner; readonly jwk: SigningJwk } {
  const set = newMessageKeys(randomBytes);
  const [jwk] = (JSON.parse(set["public.json"] ?? "") as { readonly keys: readonly [SigningJwk] }).keys;
  return { jwk, signer: signerWith(signingKey(set["jwks.json"] ?? "", "message-keys")) };
}

function signerWith(key: Key): MessageSigner {
  return { kid: key.id, alg: "ES256", key, issuer: ISSUER, trustAnchor: new URL(ISSUER).host };
}

/** What a service saw: the context, and the names of all headers. */
function echo(headers: Readonly<Record<string, unknown>>) {
  return { context: parseContext(headers[CONTEXT_HEADER]), headers: Object.keys(headers).toSorted() };
}
