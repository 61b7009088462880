import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { RedisConfig } from "./config.ts";
import type { ServiceIdentity } from "./identity.ts";
import type { Log } from "./logger.ts";

/** How a service reaches its share of Redis. */
export interface RedisOptions {
  readonly config: RedisConfig;
  /** ACL user and key prefix: the service's name. `get("a")` reads `<service>:a`; channels have no prefix. */
  readonly service: string;
  /** From {@link redisPassword}; absent in tests without ACL. */
  readonly password?: string | undefined;
  /** Absent: no TLS, for tests over loopback. */
  readonly identity?: ServiceIdentity;
  readonly log: Log;
  /** Name its certificate must carry, when that is not the host. */
  readonly serverName?: string;
  /** False for {@link hearChannel}, which renews its subscription itself. */
  readonly autoResubscribe?: boolean;
}

/**
 * The password of a service, from the file of its name in the folder that WEKEZA_REDIS_PASSWORD names; undefined where
 * that is empty, for a Redis that knows no users.
 *
 * A variable would stand in clear on the disk of the node.
 *
 * @throws Error when there is no such file, or nothing in it: Redis would only refuse every command.
 */
export function redisPassword(env: NodeJS.ProcessEnv, service: string): string | undefined {
  const folder = env["WEKEZA_REDIS_PASSWORD"] ?? "/etc/wekeza/redis-password";
  if (folder === "") return undefined;
  const file = join(folder, service);
  const next = `mount the key ${service} of the Secret redis-acl there.`;
  let password: string;
  try {
    password = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`The password for Redis, ${file}, cannot be read; ${next}`, { cause });
  }
  if (password === "") throw new Error(`The password for Redis, ${file}, is empty; ${next}`);
  return password;
}

/**
 * A connection to Redis that comes back by itself.
 *
 * A command fails after a second, and is never sent twice: with one-time things, "unknown" must not become "twice".
 * To hear a channel take {@link hearChannel}.
 */
export function createRedis(options: RedisOptions): Redis {
  const { config, service, password, identity, log } = options;
  // A name is checked against the certificate; an address has none to send (RFC 6066 section 3).
  const name = options.serverName ?? (isIP(config.host) === 0 ? config.host : undefined);
  const servername = name === undefined ? {} : { servername: name };
  const tls = () =>
    identity === undefined
      ? {}
      : { tls: { ...identity.current(), ...servername, minVersion: "TLSv1.3" as const } };
  const redis = new Redis({
    host: config.host,
    port: config.port,
    keyPrefix: `${service}:`,
    connectionName: service,
    commandTimeout: 1_000,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    // Its own renewal of subscriptions ends the process when the connection breaks at that moment: nobody catches it.
    autoResubscribe: options.autoResubscribe ?? true,
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

/**
 * Hears a channel on a connection of its own, subscribed again at each reconnection. Messages sent meanwhile are lost:
 * whoever must not miss any has another way to find out.
 *
 * Returns how to stop.
 */
export function hearChannel(
  options: RedisOptions,
  channel: string,
  listener: (message: string) => void,
): () => void {
  const redis = createRedis({ ...options, autoResubscribe: false });
  redis.on("message", (_channel: string, message: string) => listener(message));
  redis.on("ready", () => {
    redis.subscribe(channel).catch((error: unknown) => {
      options.log.warn({ err: error, channel }, "not subscribed");
      // A connection without its subscription hears nothing and breaks nothing: only a new one helps.
      if (redis.status === "ready") redis.disconnect(true);
    });
  });
  return () => redis.disconnect();
}
