import { mkdtempSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { createLog } from "./logger.ts";
import { createRedis, hearChannel, type RedisOptions } from "./redis.ts";
import { fixedIdentity, testAuthority } from "./testing/authority.ts";

const log = createLog("test", { level: "silent" });
let folder: string;
let server: RedisServer;
let options: RedisOptions;
let redis: Redis;
const heard: string[] = [];
let stopHearing: () => void;

beforeAll(async () => {
  const authority = await testAuthority("services of ke");
  folder = mkdtempSync(join(tmpdir(), "redis-tls-"));
  chmodSync(folder, 0o755);
  const own = await authority.issue({ commonName: "redis.stack-ke", dns: ["redis"], ips: ["127.0.0.1"] });
  const tls = { certificate: "tls.crt", key: "tls.key", authority: "ca.crt" };
  for (const [name, text] of [
    [tls.certificate, own.cert],
    [tls.key, own.key],
    [tls.authority, authority.ca],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
  const acl = [
    "--user",
    "gateway",
    "on",
    ">secret",
    "~gateway:*",
    "&revoked",
    "+@all",
    "--user",
    "default",
    "off",
  ];
  server = await startRedis({
    args: acl,
    tls: {
      certificate: join(folder, tls.certificate),
      key: join(folder, tls.key),
      authority: join(folder, tls.authority),
    },
  });
  options = {
    config: { host: "127.0.0.1", port: server.port },
    service: "gateway",
    password: "secret",
    identity: fixedIdentity(await authority.service("gateway"), authority.ca),
    log,
  };
  redis = createRedis(options);
  stopHearing = hearChannel(options, "revoked", (message) => void heard.push(message));
});

afterAll(async () => {
  redis.disconnect();
  stopHearing();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("a service reads and writes under its own prefix only", async () => {
  await redis.set("a", "1");
  expect(await redis.get("a")).toBe("1");
  const bare = redis.duplicate({ keyPrefix: "" });
  expect(await bare.get("gateway:a")).toBe("1");
  await expect(bare.get("oauth:a")).rejects.toThrow(/NOPERM/);
  bare.disconnect();
});

test("a channel has no prefix, and is heard again after Redis restarted", async () => {
  const told = async (message: string): Promise<boolean> => {
    await redis.publish("revoked", message).catch(() => 0);
    return heard.includes(message);
  };
  await expect.poll(() => told("before"), { timeout: 10_000 }).toBe(true);
  await server.restart();
  await expect.poll(() => told("after"), { timeout: 10_000 }).toBe(true);
  await expect(redis.publish("other", "x")).rejects.toThrow(/NOPERM/);
});
