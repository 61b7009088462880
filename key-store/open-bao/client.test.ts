import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { until } from "../../local/wait.ts";
import { OpenBao, type OpenBaoOptions } from "./client.ts";
import { openTransitKey } from "./transit.ts";

/** A ServiceAccount token is longer than what is quoted of an answer. */
const JWT = `eyJhbGciOiJSUzI1NiJ9.${"canary".repeat(150)}.signature`;

type Answer = readonly [status: number, body: object];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Connections to a store that answers as it is told, by path. */
async function toStore(
  answers: Readonly<Record<string, () => Answer>>,
  changes: Partial<OpenBaoOptions> = {},
): Promise<OpenBao> {
  const server: Server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ""]?.() ?? [404, {}];
    response.writeHead(status).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  const bao = new OpenBao({
    address: `http://127.0.0.1:${port}`,
    mount: "transit",
    auth: "pods",
    role: "signer",
    serviceAccountToken: async () => JWT,
    deadlineMs: 60_000,
    attemptMs: 30_000,
    ...changes,
  });
  closing.push(
    () => bao.close(),
    () => server.close(),
  );
  return bao;
}

const login = (): Answer => [200, { auth: { client_token: "token-of-the-store", lease_duration: 1200 } }];

test("an answer that quotes the token it was given is quoted without it, however long", async () => {
  const bao = await toStore({
    "/v1/auth/pods/login": () => [400, { errors: [`cannot verify ${JWT} of this pod`] }],
  });
  await expect(bao.read("transit/keys/audit")).rejects.toThrow("(400: cannot verify … of this pod)");
  const other = await toStore({
    "/v1/auth/pods/login": login,
    "/v1/transit/keys/audit": () => [400, { errors: ["token-of-the-store is no good"] }],
  });
  expect((await other.read("transit/keys/audit")).errors).toBe("… is no good");
});

test("a call under way when the connections are closed ends with them", async () => {
  const bao = await toStore({
    "/v1/auth/pods/login": login,
    "/v1/transit/keys/audit": () => {
      setImmediate(() => void bao.close());
      return [503, {}];
    },
  });
  await expect(bao.read("transit/keys/audit")).rejects.toThrow("were closed");
});

test("a call does not wait for a login beyond its own deadline", async () => {
  const silent = { serviceAccountToken: () => new Promise<never>(() => undefined), deadlineMs: 50 };
  await expect((await toStore({}, silent)).read("transit/keys/audit")).rejects.toMatchObject({
    reason: "away",
    message: expect.stringContaining("cannot login now (no answer in time)"),
  });
});

test("what the role may not do costs one login more, however often it is tried", async () => {
  let logins = 0;
  const bao = await toStore({
    "/v1/auth/pods/login": () => {
      logins += 1;
      return login();
    },
    "/v1/transit/keys/audit": () => [403, { errors: ["permission denied"] }],
  });
  for (const _ of [1, 2, 3])
    await expect(bao.read("transit/keys/audit")).rejects.toMatchObject({ reason: "refused" });
  expect(logins).toBe(2);
});

test("a standby that forwards nothing is asked again, and said when it stays so", async () => {
  let asked = 0;
  const bao = await toStore({
    "/v1/auth/pods/login": login,
    "/v1/transit/keys/audit": () => ((asked += 1) === 1 ? [307, {}] : [200, { data: {} }]),
  });
  expect(await bao.read("transit/keys/audit")).toMatchObject({ status: 200 });
  const standby = await toStore({ "/v1/auth/pods/login": () => [307, {}] }, { deadlineMs: 150 });
  await expect(standby.read("transit/keys/audit")).rejects.toMatchObject({ reason: "away" });
});

test("a key that was made anew under its name is another key, though its version is the same", async () => {
  const made = () =>
    generateKeyPairSync("ed25519")
      .publicKey.export({ type: "spki", format: "der" })
      .subarray(-32)
      .toString("base64");
  let key = made();
  const bao = await toStore({
    "/v1/auth/pods/login": login,
    "/v1/transit/keys/audit": () => [200, { data: { type: "ed25519", keys: { 1: { public_key: key } } } }],
  });
  const keys = await openTransitKey(bao, { name: "audit", algorithm: "EdDSA" }, { everyMs: 10 });
  closing.unshift(() => keys.stop());
  const old = keys.current();
  let told = 0;
  keys.onChange(() => (told += 1));
  key = made();
  await until(async () => told > 0, { timeout: 30_000, every: 10, what: "news of the new key" });
  expect(keys.current().id).not.toBe(old.id);
  expect(keys.current().publicKey.equals(old.publicKey)).toBe(false);
});

const HOUR_MS = 3_600_000;
const at = (hours: number): string => new Date(hours * HOUR_MS).toISOString();

test.each([
  { what: "the only version signs at once", created: [at(10)], hour: 10, want: 1 },
  { what: "a newer one does not before an hour", created: [at(0), at(10)], hour: 10.9, want: 1 },
  { what: "it does from then on", created: [at(0), at(10)], hour: 11, want: 2 },
  { what: "of two new ones the first is announced longest", created: [at(9.8), at(10)], hour: 10, want: 1 },
  {
    what: "one that may not sign any more has no say",
    created: [at(0), at(10)],
    hour: 10,
    least: 2,
    want: 2,
  },
])(
  "of a key that others fetch, at $hour h of versions made at $created: $what",
  async ({ created, hour, least = 0, want }) => {
    const versions = created.map((creation_time) => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return { creation_time, public_key: publicKey.export({ type: "spki", format: "pem" }) };
    });
    const told = Object.fromEntries(versions.map((version, n) => [n + 1, version]));
    const data = { type: "ecdsa-p256", min_encryption_version: least, keys: told };
    const bao = await toStore({
      "/v1/auth/pods/login": login,
      "/v1/transit/keys/events": () => [200, { data }],
    });
    const keys = await openTransitKey(
      bao,
      { name: "events", algorithm: "ES256", announcedMs: HOUR_MS },
      { now: () => hour * HOUR_MS },
    );
    closing.unshift(() => keys.stop());
    const newestFirst = keys.all().map(({ id }) => id);
    expect(newestFirst).toHaveLength(created.length);
    expect(keys.current().id).toBe(newestFirst[created.length - want]);
  },
);
