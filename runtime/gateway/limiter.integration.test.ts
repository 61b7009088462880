import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { createLog } from "../service/logger.ts";
import { createRedis } from "../service/redis.ts";
import { redisLeases } from "./lease.ts";
import { createLimiter, type Limiter } from "./limiter.ts";

const log = createLog("test", { level: "silent" });
const clock = (): number => performance.now();
let server: RedisServer;
const connections: Redis[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const redis of connections) redis.disconnect();
  await server.stop();
});

/** A limiter as one gateway pod has it, once it is connected. */
async function pod(name: string): Promise<Limiter> {
  const redis = createRedis({ config: { host: "127.0.0.1", port: server.port }, service: "gateway", log });
  connections.push(redis);
  await redis.ping();
  return createLimiter({ ask: redisLeases(redis, name), clock, log });
}

/** Requests that were within the limit, out of `count` sent to one limiter at once. */
async function within(
  limiter: Limiter,
  client: string,
  limit: { requestsPerSecond: number; burst: number },
  count: number,
) {
  const taken = await Promise.all(Array.from({ length: count }, async () => limiter.take(client, limit)));
  return taken.filter((one) => one.within).length;
}

test("gateways together admit the burst and no more, whoever is asked", async () => {
  const limit = { requestsPerSecond: 0.001, burst: 40 };
  const pods = await Promise.all(["a", "b", "c", "d"].map(pod));
  const counts = await Promise.all(pods.map((one) => within(one, "shared", limit, 40)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
});

test("a partner that speaks to one of many gateways has its whole limit there", async () => {
  const limit = { requestsPerSecond: 0.001, burst: 40 };
  const only = await pod("a");
  await Promise.all(["b", "c", "d"].map(async (name) => (await pod(name)).take("somebody", limit)));
  expect(await within(only, "lonely", limit, 60)).toBe(40);
});

test("whoever is refused is told when the next would be within the limit", async () => {
  const limit = { requestsPerSecond: 0.1, burst: 1 };
  const one = await pod("a");
  expect(await one.take("slow", limit)).toEqual({ within: true });
  const refused = await one.take("slow", limit);
  expect(refused.within ? 0 : refused.waitMs).toBeGreaterThan(9_000);
  expect(refused.within ? 0 : refused.waitMs).toBeLessThanOrEqual(10_000);
});

test("leases grow with demand, and what is left of one is given without asking", async () => {
  const one = await pod("a");
  const limit = { requestsPerSecond: 1_000, burst: 1_000 };
  await within(one, "quick", limit, 4);
  expect(one.take("quick", limit)).toEqual({ within: true });
});

test("without Redis each gateway goes on with its part of the limit, and no more", async () => {
  const limit = { requestsPerSecond: 0.001, burst: 40 };
  const pods = await Promise.all(["x", "y", "z", "w"].map(pod));
  for (const one of pods) await one.take("other", limit);
  for (const one of pods) await one.take("other-2", limit);
  server.signal("SIGSTOP");
  try {
    const counts = await Promise.all(pods.map((one) => within(one, "cut-off", limit, 40)));
    const sum = counts.reduce((total, count) => total + count, 0);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    expect(sum).toBeLessThanOrEqual(40);
  } finally {
    server.signal("SIGCONT");
  }
});
