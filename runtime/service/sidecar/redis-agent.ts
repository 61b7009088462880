import type { Redis } from "ioredis";
import type { ServiceIdentity } from "../identity.ts";
import type { Log } from "../logger.ts";
import type { WatchedFiles } from "../watched-files.ts";
import { writeRedisFiles, type RedisFiles } from "./redis-files.ts";

/** What looks after a Redis beside it. */
export interface RedisAgentOptions {
  /** Connection of the user `sidecar`. */
  readonly redis: Redis;
  readonly identity: ServiceIdentity;
  readonly files: RedisFiles;
  /** The ACL file Redis was started with. */
  readonly users: Pick<WatchedFiles<"acl">, "onChange">;
  readonly log: Log;
}

/** A running agent. */
export interface RedisAgent {
  /** Undefined while Redis answers and holds our present certificate. */
  problem(): string | undefined;
  stop(): void;
}

/** How often Redis is asked, in ms; a failed reload is tried again at that pace. */
const PACE_MS = 2_000;

/**
 * Keeps Redis' certificate and users as they should be: a renewed identity is written and loaded, and so is a changed
 * ACL file, without a restart and without losing what is in memory.
 */
export function tendRedis({ redis, identity, files, users, log }: RedisAgentOptions): RedisAgent {
  let problem: string | undefined = "redis has not answered yet";
  let certificateDue = false;
  let usersDue = false;
  let busy = false;

  const tend = async (): Promise<void> => {
    if (certificateDue) {
      await writeRedisFiles(files, identity.current());
      // The same names on purpose: Redis reads the files again whenever these settings are given (volatile settings).
      const { cert, key, ca } = files;
      await redis.config("SET", "tls-cert-file", cert, "tls-key-file", key, "tls-ca-cert-file", ca);
      certificateDue = false;
      log.info("redis uses the renewed certificate");
    }
    if (usersDue) {
      await redis.acl("LOAD");
      usersDue = false;
      log.info("redis uses the changed users");
    }
    await redis.ping();
  };
  const look = (): void => {
    if (busy) return;
    busy = true;
    tend()
      .then(
        () => {
          problem = undefined;
        },
        (error: unknown) => {
          const why = `redis does not answer: ${error instanceof Error ? error.message : String(error)}`;
          if (why !== problem) log.warn({ err: error }, "redis not tended");
          problem = why;
        },
      )
      .finally(() => {
        busy = false;
      });
  };
  const stops = [
    identity.onChange(() => {
      certificateDue = true;
      look();
    }),
    users.onChange(() => {
      usersDue = true;
      look();
    }),
  ];
  const timer = setInterval(look, PACE_MS);
  timer.unref();
  look();
  return {
    problem: () => problem,
    stop() {
      clearInterval(timer);
      for (const stop of stops) stop();
    },
  };
}
