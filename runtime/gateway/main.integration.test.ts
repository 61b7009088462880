import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enrolmentIn, enrolmentName } from "../../crds/enrolment.ts";
import { PAYLOAD_KEY, SERVED, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { configMaps, leases, namespaces } from "../../kube/resources.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { newMessageKeys } from "../keys/message-keys.ts";
import { createLog } from "../service/logger.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import { createRedis } from "../service/redis.ts";
import type { SignedConfigMap } from "../service/signed-document.ts";
import {
  fixedIdentity,
  testAuthority,
  type TestAuthority,
  type TestCertificate,
} from "../service/testing/authority.ts";
import { startServiceProcess, untilReady, type ServiceProcess } from "../service/testing/service-process.ts";
import { ACME, aRoster, aShard, testSigner } from "../service/testing/signed.ts";
import { partnerClient, type PartnerClient } from "./testing/partner-client.ts";
import { newRequest } from "./testing/request.ts";
import { heldConsent, HOST } from "./testing/stack.ts";
import { testIssuer } from "./testing/tokens.ts";

const log = createLog("test", { level: "silent" });
const namespace = "stack-ke";
const signer = testSigner();
const issuer = testIssuer();
const apps: FastifyInstance[] = [];
const ended: string[] = [];
const endedGrants: string[] = [];
/** Under which the customer's consent and token are. */
let grant = "grant-1";
let folder: string;
let services: TestAuthority;
let plane: ControlPlane;
let admin: Client;
let redis: RedisServer;
let acme: TestCertificate;
let gateway: ServiceProcess;
let client: PartnerClient;

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o644 });
  return path;
};

/** A neighbour on loopback; its address. */
async function neighbour(name: string, routes: (app: FastifyInstance) => void): Promise<string> {
  const identity = fixedIdentity(await services.service(name), services.ca);
  const app = createServiceApp({ log, namespace, allow: ["gateway"], identity });
  routes(app);
  await app.listen({ port: 0, host: "127.0.0.1" });
  apps.push(app);
  return `https://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

async function put({ name, payload = "", signature = "" }: SignedConfigMap): Promise<void> {
  const metadata = { name, namespace, labels: { [SHARD_LABEL]: name === "roster" ? "roster" : "shard" } };
  const data = { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  await admin.apply(configMaps, object, { fieldManager: "test", force: true });
}

const roster = (version: number, suspended: boolean): Promise<void> => {
  const partners = [{ clientId: ACME, minimumVersion: 1, suspended, revoked: [] }];
  return put(signer.roster(aRoster({ version, issuedAt: new Date().toISOString(), partners })));
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
  services = await testAuthority("services of ke");
  const partners = await testAuthority("partners");
  const hosts = await testAuthority("hosts");
  acme = await partners.issue({ commonName: ACME });
  const host = await hosts.issue({ commonName: HOST, dns: [HOST] });
  const redisOwn = await services.service("redis");
  plane = await startControlPlane();
  admin = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  await admin.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  // Redis of the tests runs as a user of its own.
  chmodSync(folder, 0o755);
  const tls = {
    certificate: file("redis.crt", redisOwn.cert),
    key: file("redis.key", redisOwn.key),
    authority: file("services.crt", services.ca),
  };
  redis = await startRedis({
    tls,
    args: ["--user", "gateway", "on", ">pw", "~gateway:*", "&revoked", "+@all"],
  });
  const consent = await neighbour("consent", (app) => {
    app.get("/internal/revocations", async () => ({ cursor: "1", consents: ended }));
    app.get("/internal/consents/c1", async () => heldConsent("c1", { grantId: grant }));
  });
  const banking = await neighbour("banking", (app) => {
    app.get("/open-banking/v4.0/aisp/balances", async () => ({ Data: { Balance: [] } }));
  });
  const oauth = await neighbour("oauth", (app) => {
    app.get("/jwks", async () => issuer.jwks());
    app.get("/internal/ended-grants", async () => ({ cursor: "1", grants: endedGrants }));
  });
  gateway = await startServiceProcess({
    main: join(import.meta.dirname, "main.ts"),
    config: {
      group: "ke",
      region: "ke",
      country: "KE",
      environment: "sandbox",
      namespace,
      hosts: { api: HOST, auth: "auth.ke.openbanking.test", mtlsAuth: "mtls.auth.ke.openbanking.test" },
      trust: signer.trust,
      redis: { host: "127.0.0.1", port: redis.port },
      upstreams: { consent, banking, oauth },
    },
    identity: fixedIdentity(await services.service("gateway"), services.ca).current(),
    env: {
      KUBECONFIG: file("kubeconfig", plane.kubeconfig),
      WEKEZA_MESSAGE_KEYS: file("jwks.json", newMessageKeys(randomBytes)["jwks.json"] ?? ""),
      POD_NAME: "gateway-1",
      WEKEZA_REDIS_PASSWORD: dirname(file("gateway", "pw")),
      WEKEZA_HOST_CERT: file("host.crt", host.cert),
      WEKEZA_HOST_KEY: file("host.key", host.key),
      WEKEZA_PARTNER_CA: file("partner-ca.crt", partners.ca),
    },
  });
  client = partnerClient({ port: gateway.port, host: HOST, ca: hosts.ca }, acme);
});

afterAll(async () => {
  client.disconnect();
  await Promise.all(apps.map((app) => app.close()));
  await redis.stop();
  await admin.close();
  await plane.stop();
  rmSync(folder, { recursive: true });
});

const token = (): string =>
  issuer.token({
    client_id: ACME,
    sub: "customer-1",
    consent_id: "c1",
    grant_id: grant,
    cnf: { "x5t#S256": acme.thumbprint },
  });
const status = async (): Promise<number> => {
  const headers = { authorization: `Bearer ${token()}` };
  const { status: answered } = await client.call({ path: "/open-banking/v4.0/aisp/balances", headers });
  return answered;
};

test("it is not ready before it holds a roster younger than its start", async () => {
  await expect
    .poll(async () => (await gateway.ready().catch(() => ({ text: "" }))).text, { timeout: 20_000 })
    .toContain("roster: no roster yet");
});

test("with roster and shard it becomes ready and serves", async () => {
  const certificate = {
    name: "primary",
    thumbprint: acme.thumbprint,
    serial: "1",
    notAfter: "2027-11-22T00:00:00Z",
  };
  await put(signer.shard(aShard({ version: 1, certificates: [certificate] })));
  await roster(1, false);
  await untilReady(gateway);
  expect(await status()).toBe(200);
});

test("what a partner asks for itself is laid where the hub reads what the gateway has to say", async () => {
  const { der } = await newRequest(ACME);
  const answer = await client.call({
    method: "POST",
    path: "/.well-known/est/simplereenroll",
    headers: { "content-type": "application/pkcs10" },
    body: der.toString("base64"),
  });
  expect(answer.status).toBe(202);
  const laid = await admin.get(leases, { namespace, name: enrolmentName(ACME) });
  expect(enrolmentIn(laid)?.over).toBe(acme.thumbprint);
  expect((await client.call({ path: "/.well-known/est/cacerts" })).status).toBe(200);
  const own = await admin.get(leases, { namespace, name: "served-gateway-1" });
  expect(own?.metadata.annotations?.[SERVED.requests]).toMatch(/^[0-9]+$/);
});

test("a suspension reaches it through the API server, and so does its end", async () => {
  await roster(2, true);
  await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(403);
  await roster(3, false);
  await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(200);
});

test("the end of a grant reaches it over Redis, and the next poll where that was missed", async () => {
  const oauth = createRedis({
    config: { host: "127.0.0.1", port: redis.port },
    service: "gateway",
    password: "pw",
    identity: fixedIdentity(await services.service("oauth"), services.ca),
    log,
  });
  expect(await status()).toBe(200);
  await oauth.publish("revoked", JSON.stringify({ grant }));
  await expect.poll(status, { timeout: 1_500, interval: 10 }).toBe(401);
  oauth.disconnect();
  grant = "grant-2";
  expect(await status()).toBe(200);
  endedGrants.push(grant);
  await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(401);
  grant = "grant-3";
  expect(await status()).toBe(200);
});

test("the end of a consent reaches it over Redis", async () => {
  const consent = createRedis({
    config: { host: "127.0.0.1", port: redis.port },
    service: "gateway",
    password: "pw",
    identity: fixedIdentity(await services.service("consent"), services.ca),
    log,
  });
  await consent.publish("revoked", JSON.stringify({ consent: "c1" }));
  await expect.poll(status, { timeout: 1_500, interval: 10 }).toBe(401);
  consent.disconnect();
});

test("told to stop it ends by itself, with status 0", async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.log()).toContain('"msg":"stopped"');
  expect(gateway.log()).not.toMatch(/"level":"(error|fatal)"/);
});
