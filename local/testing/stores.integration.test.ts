import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { type RedisServer, startRedis } from "./redis.ts";

let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: { work_mem: "8MB" } }), startRedis()]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test("Postgres is version 15 and takes settings", async () => {
  expect(await query(postgres.url, "show server_version_num")).toEqual([
    { server_version_num: expect.stringMatching(/^15/) },
  ]);
  expect(await query(postgres.url, "show work_mem")).toEqual([{ work_mem: "8MB" }]);
});

test("a killed Postgres comes back with what was committed", async () => {
  const url = await postgres.createDatabase("kept");
  await query(url, "create table t as select 1 as n");
  await postgres.restart();
  expect(await query(url, "select n from t")).toEqual([{ n: 1 }]);
});

test("a database copied from a template has its tables", async () => {
  const template = await postgres.createDatabase("pattern");
  await query(template, "create table t as select 7 as n");
  expect(await query(await postgres.createDatabase("copy", "pattern"), "select n from t")).toEqual([
    { n: 7 },
  ]);
});

test("a killed Redis comes back empty", async () => {
  const client = new Redis(redis.url, { lazyConnect: true });
  await client.connect();
  await client.set("key", "value");
  expect(await client.get("key")).toBe("value");
  client.disconnect();
  await redis.restart();
  const again = new Redis(redis.url, { lazyConnect: true });
  await again.connect();
  expect(await again.get("key")).toBeNull();
  again.disconnect();
});
