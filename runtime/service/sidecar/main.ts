import { serviceIdentity } from "../certificate.ts";
import { CommonConfig } from "../config.ts";
import { regionClient } from "../kubernetes-client.ts";
import { createRedis, redisPassword } from "../redis.ts";
import { startService } from "../start.ts";
import { watchFiles } from "../watched-files.ts";
import { tendRedis } from "./redis-agent.ts";
import { redisFiles, writeRedisFiles } from "./redis-files.ts";

await startService({
  name: "redis-sidecar",
  config: CommonConfig,
  // Redis starts when this process is alive, and needs its certificate then.
  aliveOnceStarted: true,
  async run({ config, log, env, stopping, ready, onStop }) {
    const { namespace } = config;
    const identity = await serviceIdentity({
      env,
      client: () => regionClient("redis", env),
      service: "redis",
      namespace,
      log,
      signal: stopping,
    });
    onStop("identity", () => identity.stop());
    const files = redisFiles(env["WEKEZA_REDIS_TLS"] ?? "/run/redis");
    await writeRedisFiles(files, identity.current());
    const acl = env["WEKEZA_REDIS_ACL"] ?? "/etc/wekeza/redis-acl/users.acl";
    const users = watchFiles({ acl }, { log });
    onStop("users", () => users.stop());
    const redis = createRedis({
      config: { host: "127.0.0.1", port: Number(env["WEKEZA_REDIS_PORT"] ?? 6379) },
      serverName: "redis",
      service: "sidecar",
      password: redisPassword(env, "sidecar"),
      identity,
      log,
    });
    onStop("redis", () => redis.disconnect());
    const agent = tendRedis({ redis, identity, files, users, log });
    onStop("agent", () => agent.stop());
    ready("redis", () => agent.problem());
  },
});
