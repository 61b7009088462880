import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../../../local/testing/redis.ts";
import { fileIdentity, type ServiceIdentity } from "../identity.ts";
import { createLog } from "../logger.ts";
import { createRedis } from "../redis.ts";
import {
  identityFolder,
  testAuthority,
  type IdentityFolder,
  type TestAuthority,
} from "../testing/authority.ts";
import { watchFiles, type WatchedFiles } from "../watched-files.ts";
import { tendRedis, type RedisAgent } from "./redis-agent.ts";
import { redisFiles, writeRedisFiles } from "./redis-files.ts";

const log = createLog("test", { level: "silent" });
const SIDECAR =
  "user sidecar on >s resetkeys -@all +@connection +ping +info +config|get +config|set +acl|load";
let folder: string;
let acl: string;
let own: IdentityFolder;
let authority: TestAuthority;
let identity: ServiceIdentity;
let users: WatchedFiles<"acl">;
let server: RedisServer;
let redis: Redis;
let agent: RedisAgent;

beforeAll(async () => {
  authority = await testAuthority("services of ke");
  own = identityFolder(await authority.service("redis"), authority.ca);
  identity = fileIdentity(own.path, { log, everyMs: 20 });
  folder = mkdtempSync(join(tmpdir(), "redis-files-"));
  // Redis runs as another user here; in the pod both have the same.
  chmodSync(folder, 0o755);
  const files = redisFiles(folder);
  await writeRedisFiles(files, identity.current());
  chmodSync(files.key, 0o644);
  acl = join(folder, "users.acl");
  writeFileSync(acl, `user default off\n${SIDECAR}\n`, { mode: 0o644 });
  users = watchFiles({ acl }, { log, everyMs: 20 });
  server = await startRedis({
    args: ["--aclfile", acl],
    tls: { certificate: files.cert, key: files.key, authority: files.ca },
  });
  redis = createRedis({
    config: { host: "127.0.0.1", port: server.port },
    serverName: "redis",
    service: "sidecar",
    password: "s",
    identity,
    log,
  });
  agent = tendRedis({ redis, identity, files, users, log });
});

afterAll(async () => {
  agent.stop();
  users.stop();
  identity.stop();
  redis.disconnect();
  await server.stop();
  own.remove();
  rmSync(folder, { recursive: true });
});

const serial = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const { key, cert, ca } = identity.current();
    const socket = connect(
      { port: server.port, host: "127.0.0.1", key, cert, ca, servername: "redis" },
      () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber);
        socket.destroy();
      },
    );
    socket.on("error", reject);
  });

test("a Redis that answers has no problem", async () => {
  await expect.poll(() => agent.problem(), { timeout: 5_000 }).toBeUndefined();
});

test("Redis shows a renewed certificate without a restart", async () => {
  const next = await authority.service("redis");
  own.write(next, authority.ca);
  // The test's Redis runs as another user, who may not read a key of mode 0640: it is told of the change again below.
  await expect
    .poll(
      async () => {
        chmodSync(redisFiles(folder).key, 0o644);
        return serial();
      },
      { timeout: 15_000, interval: 200 },
    )
    .toBe(new X509Certificate(next.cert).serialNumber);
});

test("a user added to the file can log in", async () => {
  writeFileSync(acl, `user default off\n${SIDECAR}\nuser gateway on >g ~gateway:* +@all\n`);
  const gateway = createRedis({
    config: { host: "127.0.0.1", port: server.port },
    serverName: "redis",
    service: "gateway",
    password: "g",
    identity,
    log,
  });
  await expect.poll(() => gateway.ping().catch(() => "refused"), { timeout: 10_000 }).toBe("PONG");
  gateway.disconnect();
});

test("a Redis that went away is a problem until it is back", async () => {
  server.signal("SIGSTOP");
  await expect.poll(() => agent.problem(), { timeout: 10_000 }).toContain("does not answer");
  server.signal("SIGCONT");
  await expect.poll(() => agent.problem(), { timeout: 10_000 }).toBeUndefined();
});
