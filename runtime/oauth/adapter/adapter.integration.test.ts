import { Redis } from "ioredis";
import { errors } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresServer, startPostgres } from "../../../local/testing/postgres.ts";
import { type RedisServer, startRedis } from "../../../local/testing/redis.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import { migrate, remembering } from "../testing/stack.ts";
import { adapterFactory } from "./adapter.ts";
import { grantStore, type GrantStore } from "./grant-store.ts";
import { oneTimeStore, type OneTimeStore } from "./one-time-store.ts";

const AT_ONCE = 16;
const now = (): number => Math.floor(Date.now() / 1000);
let server: RedisServer;
let postgres: PostgresServer;
let db: Database;
/** One connection per caller, as pods have: on a single one Redis would see them in order anyway. */
let connections: Redis[];
let stores: { oneTime: OneTimeStore; grants: GrantStore; client: () => undefined }[];

beforeAll(async () => {
  [server, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const url = await postgres.createDatabase("wekeza");
  await migrate(url);
  const config = { host: "127.0.0.1", port: postgres.port, name: "wekeza", poolSize: AT_ONCE };
  db = createDatabase({ config, user: "oauth", log: createLog("test", { level: "silent" }) });
  connections = Array.from(
    { length: AT_ONCE },
    () => new Redis({ port: server.port, keyPrefix: "oauth:", retryStrategy: () => 50 }),
  );
  for (const connection of connections) connection.on("error", () => undefined);
  stores = connections.map((redis) => ({
    oneTime: oneTimeStore(redis, Date.now),
    grants: grantStore(db),
    client: () => undefined,
  }));
  await remembering(connections[0] as Redis);
});
afterAll(async () => {
  for (const connection of connections ?? []) connection.disconnect();
  await db?.close();
  await Promise.all([server?.stop(), postgres?.stop()]);
});

const store = () => stores[0] as (typeof stores)[number];

/** Runs something from every connection at once. @returns what succeeded and what failed. */
async function allAtOnce(act: (each: (typeof stores)[number]) => Promise<unknown>) {
  const results = await Promise.allSettled(stores.map(act));
  return {
    won: results.filter(({ status }) => status === "fulfilled").length,
    lost: results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : [])),
  };
}

describe("of 16 at once", () => {
  test("one consumes a code, the others get invalid_grant, and the grant is revoked", async () => {
    const { grants } = store();
    await grants.saveGrant("g1", { clientId: "c", accountId: "a" }, 60);
    await grants.saveRefreshToken("r1", { grantId: "g1" }, 60);
    const code = { grantId: "g1", clientId: "c", exp: now() + 60 };
    await adapterFactory(store())("AuthorizationCode").upsert("code-1", code, 60);
    const { won, lost } = await allAtOnce((each) =>
      adapterFactory(each)("AuthorizationCode").consume("code-1"),
    );
    expect(won).toBe(1);
    expect(lost).toHaveLength(AT_ONCE - 1);
    for (const error of lost) expect(error).toBeInstanceOf(errors.InvalidGrant);
    expect(await grants.findGrant("g1")).toBeUndefined();
    expect(await grants.findRefreshToken("r1")).toBeUndefined();
  });

  test("one consumes a pushed request, the others get invalid_request_uri", async () => {
    await adapterFactory(store())("PushedAuthorizationRequest").upsert("par-1", { exp: now() + 60 }, 60);
    const { won, lost } = await allAtOnce((each) =>
      adapterFactory(each)("PushedAuthorizationRequest").consume("par-1"),
    );
    expect(won).toBe(1);
    for (const error of lost) expect(error).toBeInstanceOf(errors.InvalidRequestUri);
  });

  test("one uses an assertion's jti", async () => {
    const uses = await Promise.all(
      stores.map(({ oneTime }) => oneTime.useOnce("ReplayDetection", "jti-1", 60, now())),
    );
    expect(uses.filter((use) => use === "first")).toHaveLength(1);
    expect(uses.filter((use) => use === "again")).toHaveLength(AT_ONCE - 1);
  });

  test("one consumes a refresh token, the others get invalid_grant", async () => {
    await store().grants.saveRefreshToken("r2", { grantId: "g2" }, 60);
    const { won, lost } = await allAtOnce((each) => adapterFactory(each)("RefreshToken").consume("r2"));
    expect(won).toBe(1);
    for (const error of lost) expect(error).toBeInstanceOf(errors.InvalidGrant);
  });
});

test("what was consumed says so when it is found again", async () => {
  const { oneTime, grants } = store();
  await oneTime.put("AuthorizationCode", "code-2", { exp: 1 }, 60);
  await oneTime.consume("AuthorizationCode", "code-2");
  expect(await oneTime.find("AuthorizationCode", "code-2")).toMatchObject({
    jti: "code-2",
    consumed: expect.any(Number),
  });
  await grants.saveRefreshToken("r3", { grantId: "g3" }, 60);
  await grants.consumeRefreshToken("r3");
  expect(await grants.findRefreshToken("r3")).toMatchObject({ jti: "r3", consumed: expect.any(Number) });
});

test("what was never there cannot be consumed", async () => {
  expect(await store().oneTime.consume("AuthorizationCode", "never")).toBe("gone");
  expect(await store().grants.consumeRefreshToken("never")).toBe(false);
});

test("a pushed request is remembered longer than it may be used, so that its use can be recorded", async () => {
  await adapterFactory(store())("PushedAuthorizationRequest").upsert("par-2", { exp: now() + 60 }, 60);
  const redis = connections[0] as Redis;
  const [key = ""] = (await redis.keys("oauth:PushedAuthorizationRequest:*")).toSorted();
  expect(await redis.ttl(key.replace("oauth:", ""))).toBeGreaterThan(600);
});

test("neither store holds a code or a token that could be used", async () => {
  const { oneTime, grants } = store();
  await oneTime.put("AuthorizationCode", "secret-code", { jti: "secret-code", exp: 1 }, 60);
  await grants.saveRefreshToken("secret-token", { jti: "secret-token", grantId: "g4" }, 60);
  const redis = connections[0] as Redis;
  const dump: unknown[] = [];
  for (const key of await redis.keys("oauth:AuthorizationCode:*")) {
    dump.push(key, await redis.hgetall(key.replace("oauth:", "")));
  }
  const { rows } = await db.query("select encode(digest, 'escape') as digest, payload from refresh_tokens");
  expect([rows.length, dump.length]).not.toContain(0);
  expect(JSON.stringify([dump, rows])).not.toMatch(/secret-(code|token)/);
});

test("revoking a grant costs as many reads as it has tokens, however many there are of others", async () => {
  await db.query(
    `insert into refresh_tokens (digest, grant_id, payload, expires_at)
     select sha256(n::text::bytea), 'many-' || n, '{}', now() + interval '1 hour' from generate_series(1, 20000) n`,
  );
  const { rows } = await db.query<{ "QUERY PLAN": string }>(
    "explain delete from refresh_tokens where grant_id = 'many-7'",
  );
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("refresh_tokens_grant");
  await store().grants.revokeGrant("many-7");
  const left = await db.query("select 1 from refresh_tokens where grant_id like 'many-%'");
  expect(left.count).toBe(19_999);
});

test("the end of a consent ends all its grants and their tokens, and no other's", async () => {
  const { grants } = store();
  for (const [grant, consent] of [
    ["a1", "consent-a"],
    ["a2", "consent-a"],
    ["b1", "consent-b"],
  ] as const) {
    await grants.saveGrant(grant, { clientId: "c", accountId: "a" }, 60);
    await grants.bindConsent(grant, consent);
    await grants.saveRefreshToken(`token-${grant}`, { grantId: grant }, 60);
  }
  expect([...(await grants.revokeConsent("consent-a"))].toSorted()).toEqual(["a1", "a2"]);
  expect(await grants.findRefreshToken("token-a1")).toBeUndefined();
  expect(await grants.findRefreshToken("token-b1")).toBeDefined();
  expect(await grants.revokeConsent("consent-a")).toEqual([]);
});

test("a grant that is ended is noted once, in order, and told whichever process asks from wherever it was", async () => {
  const { cursor } = await store().grants.endedGrants(undefined);
  for (const grant of ["e1", "e2"])
    await store().grants.saveGrant(grant, { clientId: "c", accountId: "a" }, 60);
  const ended = await Promise.all(stores.map(({ grants }) => grants.revokeGrant("e1")));
  expect(ended.filter(Boolean)).toHaveLength(1);
  const first = await grantStore(db).endedGrants(cursor);
  expect(first.grants).toEqual(["e1"]);
  await store().grants.revokeGrant("e2");
  await store().grants.revokeGrant("never-there");
  expect((await store().grants.endedGrants(first.cursor)).grants).toEqual(["e2"]);
  expect((await store().grants.endedGrants(undefined)).grants.slice(-2)).toEqual(["e1", "e2"]);
  // Only superusers may change a note: it is as old as it says.
  const { rows } = await db.query("select has_table_privilege('oauth.ended_grants', 'update') as may");
  expect(rows).toEqual([{ may: false }]);
});

test("the note of an ended grant goes when no access token can be of it any more", async () => {
  await db.query(
    `insert into oauth.ended_grants (grant_id, at)
     values ('old', now() - interval '1801 seconds'), ('young', now() - interval '1700 seconds')`,
  );
  await store().grants.sweep(1_000);
  const { grants } = await store().grants.endedGrants(undefined);
  expect(grants).toContain("young");
  expect(grants).not.toContain("old");
});

test("the sweep removes what has expired and nothing else", async () => {
  const { grants } = store();
  await grants.saveGrant("old", { clientId: "c", accountId: "a" }, -1);
  await grants.saveGrant("young", { clientId: "c", accountId: "a" }, 60);
  await grants.saveRefreshToken("old-token", { grantId: "old" }, -1);
  expect(await grants.sweep(1_000)).toBeGreaterThanOrEqual(2);
  expect(await grants.findGrant("old")).toBeUndefined();
  expect(await grants.findRefreshToken("old-token")).toBeUndefined();
  expect(await grants.findGrant("young")).toBeDefined();
});

// Last: it empties Redis.
test("a Redis that was restarted refuses assertions made before it, and takes new ones", async () => {
  const { oneTime } = store();
  const redis = connections[0] as Redis;
  const before = now();
  expect(await oneTime.useOnce("ReplayDetection", "jti-2", 600, before)).toBe("first");
  await server.restart();
  await expect.poll(() => redis.ping().catch(() => "down"), { timeout: 10_000 }).toBe("PONG");
  expect(await oneTime.useOnce("ReplayDetection", "jti-2", 600, before)).toBe("early");
  await remembering(redis);
  expect(await oneTime.useOnce("ReplayDetection", "jti-2", 600, before)).toBe("early");
  expect(await oneTime.useOnce("ReplayDetection", "jti-3", 600, now())).toBe("first");
});
