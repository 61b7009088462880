import { Redis } from "ioredis";
import type { RedisConfig } from "./config.ts";
import type { ServiceIdentity } from "./identity.ts";
import type { Log } from "./logger.ts";

/** How a service reaches its share of Redis. */
export interface RedisOptions {
  readonly config: RedisConfig;
  /** ACL user and key prefix: the service's name. `get("a")` reads `<service>:a`; channels have no prefix. */
  readonly service: string;
  /** From REDIS_PASSWORD; absent in tests without ACL. */
  readonly password?: string | undefined;
  /** Absent: no TLS, for tests over loopback. */
  readonly identity?: ServiceIdentity;
  readonly log: Log;
}

/**
 * A connection to Redis that comes back by itself.
 *
 * A command fails after a second, and is never sent twice: with one-time things, "unknown" must not become "twice".
 * Subscribe on a connection of its own: `redis.duplicate()`.
 */
export function createRedis({ config, service, password, identity, log }: RedisOptions): Redis {
  const tls = () =>
    identity === undefined
      ? {}
      : { tls: { ...identity.current(), servername: config.host, minVersion: "TLSv1.3" as const } };
  const redis = new Redis({
    host: config.host,
    port: config.port,
    keyPrefix: `${service}:`,
    connectionName: service,
    commandTimeout: 1_000,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(2_000, 50 * 2 ** Math.min(times, 6)),
    ...(password === undefined ? {} : { username: service, password }),
    ...tls(),
  });
  let down = false;
  redis.on("error", (error: Error) => {
    if (!down) log.warn({ err: error }, "redis unreachable");
    down = true;
  });
  redis.on("ready", () => {
    if (down) log.info("redis reachable again");
    down = false;
  });
  // The connector reads these options at each connection.
  const unsubscribe = identity?.onChange(() => Object.assign(redis.options, tls()));
  redis.once("end", () => unsubscribe?.());
  return redis;
}
