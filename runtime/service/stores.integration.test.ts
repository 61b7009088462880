import { mkdtempSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { createLog } from "./logger.ts";
import { createRedis } from "./redis.ts";
import { fixedIdentity, testAuthority } from "./testing/authority.ts";

const log = createLog("test", { level: "silent" });
let folder: string;
let server: RedisServer;
let redis: Redis;
let subscriber: Redis;

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
  redis = createRedis({
    config: { host: "127.0.0.1", port: server.port },
    service: "gateway",
    password: "secret",
    identity: fixedIdentity(await authority.service("gateway"), authority.ca),
    log,
  });
  subscriber = redis.duplicate();
});

afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("a service reads and writes under its own prefix only", async () => {
  await redis.set("a", "1");
  expect(await redis.get("a")).toBe("1");
  expect(await redis.call("get", "gateway:a")).toBe("1");
  await expect(redis.call("get", "oauth:a")).rejects.toThrow(/NOPERM/);
});

test("a channel has no prefix, and only the allowed one can be heard", async () => {
  const heard = new Promise((resolve) => {
    subscriber.on("message", (channel, message) => resolve([channel, message]));
  });
  await subscriber.subscribe("revoked");
  await redis.publish("revoked", "x");
  expect(await heard).toEqual(["revoked", "x"]);
  await expect(subscriber.subscribe("other")).rejects.toThrow(/NOPERM/);
});

test("after a restart of Redis the connection comes back by itself", async () => {
  await server.restart();
  await expect.poll(() => redis.ping().catch(() => "down"), { timeout: 10_000 }).toBe("PONG");
});
