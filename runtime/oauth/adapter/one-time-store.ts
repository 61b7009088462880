import type { Redis } from "ioredis";
import type { AdapterPayload } from "oidc-provider";
import { digestText } from "./digest.ts";
import { CONSUME, USE_ONCE } from "./scripts.ts";

/** How a try to use something once ended. */
export type Use = "won" | "lost" | "gone";

/** How a try to use an assertion once ended. */
export type FirstUse = "first" | "again" | "early";

/** Short-lived things that may be used once, in Redis: codes, pushed requests, interactions, assertion ids. */
export interface OneTimeStore {
  put(kind: string, id: string, payload: AdapterPayload, seconds: number): Promise<void>;
  /** With `consumed` set once it has been used. */
  find(kind: string, id: string): Promise<AdapterPayload | undefined>;
  /** Exactly one of any number of concurrent callers gets `won`. */
  consume(kind: string, id: string): Promise<Use>;
  remove(kind: string, id: string): Promise<void>;
  /** Exactly one of any number of concurrent callers gets `first`; `issued` is Unix time, see `USE_ONCE`. */
  useOnce(kind: string, id: string, seconds: number, issued: number): Promise<FirstUse>;
  /** Removes what was issued under a grant; costs as much as there is of it. */
  removeOfGrant(grantId: string): Promise<void>;
}

/**
 * The store over a Redis connection whose `keyPrefix` is the service's.
 *
 * @param clock milliseconds since 1970.
 */
export function oneTimeStore(redis: Redis, clock: () => number): OneTimeStore {
  const keyOf = (kind: string, id: string): string => `${kind}:${digestText(id)}`;
  const membersOf = (grantId: string): string => `of-grant:${grantId}`;
  return {
    async put(kind, id, payload, seconds) {
      const { jti: _secret, ...stored } = payload;
      const key = keyOf(kind, id);
      const batch = redis
        .multi()
        .hset(key, "payload", JSON.stringify(stored))
        .expire(key, Math.max(1, Math.ceil(seconds)));
      if (payload.grantId !== undefined && kind === "AuthorizationCode") {
        const members = membersOf(payload.grantId);
        batch.sadd(members, key).expire(members, Math.max(1, Math.ceil(seconds)));
      }
      const results = await batch.exec();
      const failed = results?.find(([error]) => error !== null)?.[0];
      if (results === null || failed) throw new Error(`Redis did not keep a ${kind}.`, { cause: failed });
    },
    async find(kind, id) {
      const [payload, consumed] = await redis.hmget(keyOf(kind, id), "payload", "consumed");
      if (payload === null || payload === undefined) return undefined;
      const stored = JSON.parse(payload) as AdapterPayload;
      return {
        ...stored,
        jti: id,
        ...(consumed === null || consumed === undefined ? {} : { consumed: Number(consumed) }),
      };
    },
    async consume(kind, id) {
      return (await redis.eval(CONSUME, 1, keyOf(kind, id), Math.floor(clock() / 1000))) as Use;
    },
    async remove(kind, id) {
      await redis.del(keyOf(kind, id));
    },
    async useOnce(kind, id, seconds, issued) {
      const key = keyOf(kind, id);
      return (await redis.eval(USE_ONCE, 1, key, Math.max(1, Math.ceil(seconds)), issued)) as FirstUse;
    },
    async removeOfGrant(grantId) {
      const members = await redis.smembers(membersOf(grantId));
      await redis.del(membersOf(grantId), ...members);
    },
  };
}
