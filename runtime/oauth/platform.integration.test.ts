import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import { demoCustomer } from "../../cli/quickstart/demo-customers.ts";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { configMaps, namespaces } from "../../kube/resources.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { until } from "../../local/wait.ts";
import { freePorts } from "../../local/testing/free-ports.ts";
import {
  startStackDatabase,
  TEST_NAMESPACE,
  type StackDatabase,
} from "../database/testing/stack-database.ts";
import { newMessageKeys } from "../keys/message-keys.ts";
import { newOauthKeys } from "../keys/oauth-keys.ts";
import { newRedisAcl } from "../keys/redis-acl.ts";
import { testAuthority, type TestAuthority } from "../service/testing/authority.ts";
import {
  runJob,
  startServiceProcess,
  untilReady,
  type ServiceProcess,
} from "../service/testing/service-process.ts";
import type { SignedConfigMap } from "../service/signed-document.ts";
import { aRoster, testSigner } from "../service/testing/signed.ts";
import { browser } from "./testing/browser.ts";
import { type FapiClient, fapiClient } from "./testing/fapi-client.ts";
import { testClient } from "./testing/network.ts";
import { newPartner, type TestPartner } from "./testing/partner.ts";
import { HOSTS } from "./testing/hosts.ts";

// Every process of a stack as it is deployed, but for pods: real API server, Postgres, Redis, certificates and ACLs.

const AISP = `https://${HOSTS.api}/open-banking/v4.0/aisp`;
const signer = testSigner();
const acl = newRedisAcl(randomBytes);
const stops: (() => unknown)[] = [];
let folder: string;
let plane: ControlPlane;
let database: StackDatabase;
let redis: RedisServer;
let admin: Client;
let partners: TestAuthority;
let hosts: TestAuthority;
let acme: TestPartner;
let client: FapiClient;
let ports: Record<string, number>;
let authorizationServer: ServiceProcess;

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o644 });
  return path;
}

async function put({ name, payload = "", signature = "" }: SignedConfigMap): Promise<void> {
  const labels = { [SHARD_LABEL]: name === "roster" ? "roster" : "shard" };
  const metadata = { name, namespace: TEST_NAMESPACE, labels };
  const data = { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature };
  await admin.apply(
    configMaps,
    { apiVersion: "v1", kind: "ConfigMap", metadata, data },
    { fieldManager: "test", force: true },
  );
}

async function roster(version: number, suspended = false): Promise<void> {
  const entries = [{ clientId: acme.clientId, minimumVersion: 1, suspended, revoked: [] }];
  const issuedAt = new Date().toISOString();
  await put(signer.roster(aRoster({ group: "test", version, issuedAt, partners: entries })));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "platform-"));
  await chmod(folder, 0o755);
  stops.push(() => rm(folder, { recursive: true, force: true }));
  // One after the other: together they starve one another on a small machine.
  plane = await startControlPlane();
  stops.push(() => plane.stop());
  database = await startStackDatabase();
  stops.push(() => database.stop());
  [partners, hosts] = await Promise.all([testAuthority("partners"), testAuthority("hosts")]);
  admin = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  stops.push(() => admin.close());
  await admin.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: TEST_NAMESPACE } });
  const own = (await database.identity("redis")).current();
  redis = await startRedis({
    tls: {
      certificate: await file("redis.crt", own.cert),
      key: await file("redis.key", own.key),
      authority: await file("service-ca.crt", own.ca),
    },
    args: ["--aclfile", await file("users.acl", acl["users.acl"] ?? "")],
  });
  stops.push(() => redis.stop());

  const common = {
    ...database.config,
    hosts: HOSTS,
    trust: signer.trust,
    redis: { host: "localhost", port: redis.port },
  };
  const host = await hosts.issue({ commonName: HOSTS.auth, dns: Object.values(HOSTS) });
  const keys = newOauthKeys(randomBytes);
  const messages = newMessageKeys(randomBytes);
  await file("jwks.json", keys["jwks.json"] ?? "");
  await file("cookie.json", keys["cookie.json"] ?? "");
  const env = {
    KUBECONFIG: await file("kubeconfig", plane.kubeconfig),
    WEKEZA_HOST_CERT: await file("host.crt", host.cert),
    WEKEZA_HOST_KEY: await file("host.key", host.key),
    WEKEZA_PARTNER_CA: await file("partner-ca.crt", partners.ca),
    WEKEZA_OAUTH_KEYS: folder,
  };
  for (const [user, password] of Object.entries(acl)) await file(user, password);
  const start = async (name: string, fields: object, more: Readonly<Record<string, string>> = {}) => {
    const process = await startServiceProcess({
      main: join(import.meta.dirname, "..", name, "main.ts"),
      config: { ...common, ...fields },
      identity: (await database.identity(name)).current(),
      env: { ...env, ...more, POD_NAME: `${name}-1`, WEKEZA_REDIS_PASSWORD: folder },
    });
    stops.push(() => process.stop());
    return process;
  };
  const at = ({ port }: { readonly port: number }): string => `https://localhost:${port}`;
  const demo = { demoData: true, upstreams: { consent: "https://localhost:1" } };
  const seed = await runJob({
    main: join(import.meta.dirname, "../banking/seed/main.ts"),
    config: { ...common, ...demo },
    identity: (await database.identity("seed")).current(),
  });
  if (seed.status !== 0) throw new Error(seed.log);
  const [consent, banking] = [await start("consent", {}), await start("banking", demo)];
  const [mtls = 0, internal = 0] = await freePorts(2);
  const upstreams = { consent: at(consent), banking: at(banking) };
  authorizationServer = await start(
    "oauth",
    { upstreams, accessTokenSeconds: 600 },
    {
      WEKEZA_MTLS_PORT: String(mtls),
      WEKEZA_INTERNAL_PORT: String(internal),
      WEKEZA_MESSAGE_KEYS: await file("message-public.json", messages["public.json"] ?? ""),
    },
  );
  const gateway = await start(
    "gateway",
    { upstreams: { ...upstreams, oauth: at({ port: internal }) } },
    { WEKEZA_MESSAGE_KEYS: await file("message-jwks.json", messages["jwks.json"] ?? "") },
  );
  ports = { [HOSTS.auth]: authorizationServer.port, [HOSTS.mtlsAuth]: mtls, [HOSTS.api]: gateway.port };

  acme = await newPartner(partners, { group: "test" });
  await put(signer.shard(acme.shard));
  const processes = [consent, banking, authorizationServer, gateway];
  for (const process of processes) await untilStarted(process);
  // Only a roster younger than a process counts for it.
  await roster(1);
  for (const process of processes) await untilReady(process);
  client = await fapiClient({ ports, hostCa: hosts.ca }, acme);
  stops.push(() => client.close());
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

/** Waits until a process is past its own start, and at most waits for a roster. */
async function untilStarted(process: ServiceProcess): Promise<void> {
  const started = async () => !(await process.ready()).text.includes("starting:");
  await until(started, { timeout: 60_000, what: `a process to start:\n${process.log()}` });
}

async function api(method: string, path: string, token: string, json?: object) {
  const answer = await client.fetch(`${AISP}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    body: json === undefined ? null : JSON.stringify(json),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text === "" ? {} : JSON.parse(text)) as { Data?: Record<string, unknown> },
  };
}

async function ownToken(): Promise<string> {
  const { as, client: metadata, options } = client;
  const answer = await oauth.clientCredentialsGrantRequest(
    as,
    metadata,
    client.auth(),
    { scope: "accounts" },
    options,
  );
  return (await oauth.processClientCredentialsResponse(as, metadata, answer)).access_token;
}

async function stageConsent(): Promise<string> {
  const Permissions = ["ReadAccountsBasic", "ReadBalances"];
  const staged = await api("POST", "/account-access-consents", await ownToken(), {
    Data: { Permissions },
    Risk: {},
  });
  expect(staged).toMatchObject({ status: 201, body: { Data: { Status: "AWAU" } } });
  return String(staged.body.Data?.["ConsentId"]);
}

/** The customer logs in, proves herself and shares her first account. */
async function share(consent: string): Promise<oauth.TokenEndpointResponse> {
  const { url, verifier } = await client.push(consent);
  const http = testClient(ports, { ca: hosts.ca });
  const customer = browser(http, HOSTS.auth);
  const { id, username, password } = demoCustomer({ country: "KE" });
  const codePage = await customer.submit(await customer.open(url), "/login", { username, password });
  const mail = await client.fetch(`https://${HOSTS.mtlsAuth}/sandbox/mailbox/${id}`);
  const { code } = (await mail.json()) as { readonly code: string };
  const decision = await customer.submit(codePage, "/code", { code });
  const [, account = ""] = /name="account" value="([^"]+)"/.exec(decision.text) ?? [];
  const { url: callback } = await customer.submit(decision, "/decision", { decision: "approve", account });
  await http.close();
  return await client.exchange(callback, verifier);
}

test("a partner stages a consent, the customer shares an account, and the partner reads that one and no other", async () => {
  const consent = await stageConsent();
  const { access_token: token } = await share(consent);
  const { status, body } = await api("GET", "/accounts", token);
  expect([status, body.Data?.["Account"]]).toEqual([
    200,
    [expect.objectContaining({ AccountId: expect.any(String) })],
  ]);
  const staged = await api("GET", `/account-access-consents/${consent}`, await ownToken());
  expect(staged.body.Data?.["Status"]).toBe("AUTH");
  expect((await api("GET", "/transactions", token)).status).toBe(403);
});

test("a consent the partner deletes gives nothing from then on: not by its token, not by a refresh", async () => {
  const consent = await stageConsent();
  const { access_token: token, refresh_token: refresh = "" } = await share(consent);
  expect((await client.rawRefresh(refresh)).status).toBe(200);
  expect((await api("DELETE", `/account-access-consents/${consent}`, await ownToken())).status).toBe(204);
  expect((await client.rawRefresh(refresh)).status).toBe(400);
  await expect.poll(async () => (await api("GET", "/accounts", token)).status, { timeout: 5_000 }).toBe(401);
});

test("the grants of a consent that ended are gone from the database without anybody asking", async () => {
  const consent = await stageConsent();
  await share(consent);
  const count = async () => {
    const { asRole } = await import("../database/testing/stack-database.ts");
    const sql = "select count(*)::int as n from oauth.grants where consent_id = $1";
    return (await asRole(database, "oauth", (query) => query(sql, [consent])))[0]?.["n"];
  };
  expect(await count()).toBe(1);
  await api("DELETE", `/account-access-consents/${consent}`, await ownToken());
  await expect.poll(count, { timeout: 5_000 }).toBe(0);
});

test("a suspended partner gets nothing from the authorization server, and an unsuspended one does", async () => {
  const status = async () => (await client.rawRefresh("any")).status;
  expect(await status()).toBe(400);
  await roster(2, true);
  await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(401);
  await roster(3);
  await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(400);
});

test("its log holds no code, no token and no password", async () => {
  const consent = await stageConsent();
  const { access_token: token, refresh_token: refresh = "" } = await share(consent);
  const log = authorizationServer.log();
  expect(log).toContain('"msg":"customer decided"');
  for (const secret of [token, refresh, "sandbox-wanjiru"]) expect(log).not.toContain(secret);
});

test("told to stop it ends by itself, with status 0", async () => {
  expect(await authorizationServer.stop()).toBe(0);
  expect(authorizationServer.log()).not.toMatch(/"level":"(error|fatal)"/);
});
