import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { namespaces, roleBindings, roles, secrets } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { type RedisServer, startRedis } from "../../local/testing/redis.ts";
import { newRedisAcl } from "./redis-acl.ts";

const NAMESPACE = "stack-ke";
const BESIDE = `${NAMESPACE}-ptn-0123456789abcdef`;
const USER = `system:serviceaccount:${NAMESPACE}:keys`;
let folder: string;
let controlPlane: ControlPlane;
let admin: Client;
let redis: RedisServer;
const acl = newRedisAcl(randomBytes);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keys-"));
  await writeFile(join(folder, "users.acl"), acl["users.acl"] ?? "", { mode: 0o644 });
  // Redis runs as another user and must be let into the folder.
  await promisify(execFile)("chmod", ["755", folder]);
  [controlPlane, redis] = await Promise.all([
    startControlPlane(),
    startRedis({ args: ["--aclfile", join(folder, "users.acl")] }),
  ]);
  await writeFile(join(folder, "admin"), controlPlane.kubeconfig);
  await writeFile(join(folder, "keys"), await controlPlane.kubeconfigFor(USER));
  admin = createClient(await kubeconfigFileCredentials(join(folder, "admin")), { userAgent: "test" });
  await allowKeys(admin, NAMESPACE);
  await allowKeys(admin, BESIDE);
  await writeFile(join(folder, "config.json"), JSON.stringify(config()));
});
afterAll(async () => {
  await admin?.close();
  await Promise.all([controlPlane?.stop(), redis?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** The rights `wekeza:keys` gives: to make and read Secrets, nothing else. */
async function allowKeys(client: Client, namespace: string): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const metadata = { name: "keys", namespace };
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["create", "get"] }];
  await client.create(roles, { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules });
  await client.create(roleBindings, {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "Role", name: "keys" },
    subjects: [{ apiGroup: rbac, kind: "User", name: USER }],
  });
}

function config() {
  return {
    group: "ke",
    region: "ke",
    country: "KE",
    environment: "sandbox",
    namespace: NAMESPACE,
    hosts: { api: "api.test", auth: "auth.test", mtlsAuth: "mtls.test" },
    trust: { keys: [{ kid: "k", kty: "OKP", crv: "Ed25519", x: "x" }] },
  };
}

async function job(more: Readonly<Record<string, string>> = {}): Promise<string> {
  const main = new URL("./main.ts", import.meta.url).pathname;
  const env = {
    ...process.env,
    KUBECONFIG: join(folder, "keys"),
    WEKEZA_CONFIG: join(folder, "config.json"),
    ...more,
  };
  return (await promisify(execFile)(process.execPath, [main], { env })).stdout;
}

const SECRETS = [
  "oauth-keys",
  "events-keys",
  "message-keys",
  "redis-acl",
  "audit-signing-key",
  "audit-wrapping-key",
];

test("the Job makes every Secret, and run again changes none", async () => {
  expect(await job()).toMatch(/"result":"made"/);
  const before = await Promise.all(SECRETS.map((name) => admin.get(secrets, { namespace: NAMESPACE, name })));
  expect(before.map((secret) => Object.keys(secret?.data ?? {}).toSorted())).toEqual([
    ["cookie.json", "jwks.json", "nonce"],
    ["jwks.json", "public.json"],
    ["jwks.json", "public.json"],
    ["banking", "consent", "gateway", "oauth", "sidecar", "users.acl"],
    ["key.pem"],
    ["key.pem"],
  ]);
  expect(await job()).not.toMatch(/"result":"made"/);
  const after = await Promise.all(SECRETS.map((name) => admin.get(secrets, { namespace: NAMESPACE, name })));
  expect(after.map((secret) => secret?.metadata.resourceVersion)).toEqual(
    before.map((secret) => secret?.metadata.resourceVersion),
  );
});

test("a Secret whose key is in a store is not made; what else the authorization server needs is", async () => {
  const namespace = "stack-ug";
  await allowKeys(admin, namespace);
  const file = join(folder, "in-store.json");
  await writeFile(
    file,
    JSON.stringify({ ...config(), namespace, inStore: ["audit-signing-key", "oauth-keys"] }),
  );
  await job({ WEKEZA_CONFIG: file });
  const { items } = await admin.list(secrets, { namespace });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(
    SECRETS.filter((name) => name !== "audit-signing-key").toSorted(),
  );
  const oauth = items.find(({ metadata }) => metadata.name === "oauth-keys");
  expect(Object.keys(oauth?.data ?? {}).toSorted()).toEqual(["cookie.json", "nonce"]);
});

test("beside the stack it puts what a partner's own gateways need, and nothing else; a copy that differs stops it", async () => {
  const share = { WEKEZA_SHARE_WITH: BESIDE };
  expect(await job(share)).toMatch(/"result":"shared"/);
  const { items } = await admin.list(secrets, { namespace: BESIDE });
  const [message, redisAcl] = items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  expect([message, redisAcl].map((each) => [each?.metadata.name, Object.keys(each?.data ?? {})])).toEqual([
    ["message-keys", ["jwks.json"]],
    ["redis-acl", ["gateway"]],
  ]);
  expect(items).toHaveLength(2);
  const own = await admin.get(secrets, { namespace: NAMESPACE, name: "redis-acl" });
  expect(redisAcl?.data?.["gateway"]).toBe(own?.data?.["gateway"]);
  const other = { apiVersion: "v1", kind: "Secret", data: { gateway: "b3RoZXI=" } };
  await admin.delete(secrets, { namespace: BESIDE, name: "redis-acl" });
  await admin.create(secrets, { ...other, metadata: { namespace: BESIDE, name: "redis-acl" } });
  const said = expect.stringContaining("delete it, and this Job copies it again");
  await expect(job(share)).rejects.toMatchObject({ stdout: said });
});

async function ask(user: string, [name = "", ...args]: readonly string[]): Promise<unknown> {
  const client = new Redis({
    port: redis.port,
    username: user,
    password: acl[user] ?? "",
    lazyConnect: true,
  });
  await client.connect();
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}

test.each([
  { user: "oauth", command: ["set", "oauth:a", "1"], want: "OK" },
  { user: "oauth", command: ["eval", "return redis.call('get', KEYS[1])", "1", "oauth:a"], want: "1" },
  { user: "oauth", command: ["publish", "revoked", "x"], want: 0 },
  { user: "sidecar", command: ["ping"], want: "PONG" },
  { user: "sidecar", command: ["acl", "load"], want: "OK" },
  { user: "sidecar", command: ["config", "set", "maxmemory-policy", "noeviction"], want: "OK" },
])("in Redis, $user may: $command", async ({ user, command, want }) => {
  expect(await ask(user, command)).toBe(want);
});

test.each([
  { user: "oauth", command: ["publish", "other", "x"] },
  { user: "oauth", command: ["get", "gateway:a"] },
  { user: "oauth", command: ["eval", "return redis.call('get', 'gateway:a')", "0"] },
  { user: "oauth", command: ["keys", "*"] },
  { user: "oauth", command: ["flushall"] },
  { user: "oauth", command: ["config", "get", "*"] },
  { user: "gateway", command: ["get", "oauth:a"] },
  { user: "sidecar", command: ["get", "oauth:a"] },
  { user: "sidecar", command: ["subscribe", "revoked"] },
])("in Redis, $user may not: $command", async ({ user, command }) => {
  await expect(ask(user, command)).rejects.toThrow(/NOPERM|can't access/);
});

test("in Redis, who gives no password may do nothing", async () => {
  const socket = connect(redis.port, "127.0.0.1");
  socket.write("GET oauth:a\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^-NOAUTH/);
  socket.destroy();
});
