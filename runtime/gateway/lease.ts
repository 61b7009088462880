import type { Redis } from "ioredis";
import type { BucketLimit } from "./rate-limit.ts";

/** What the shared bucket of a partner gave: requests on credit (ADR 7), not a Lease of Kubernetes. */
export interface Lease {
  /** Requests that may be let in; they are taken from the bucket already, spent or not. */
  readonly granted: number;
  /** When none: ms until one could be given. */
  readonly waitMs: number;
  /** Requests that are in the bucket still. */
  readonly left: number;
  /** Gateways that asked for anything in the last ten seconds. */
  readonly gateways: number;
}

/** Asks the bucket that all gateways of a stack share. */
export type AskForLease = (clientId: string, limit: BucketLimit, wanted: number) => Promise<Lease>;

/**
 * One bucket per partner by the generic cell rate algorithm, on the clock of Redis, debited before the requests are let
 * in: so all gateways together never admit more than the limit, whatever becomes of one of them.
 */
const SCRIPT = `
local time = redis.call("TIME")
local now = time[1] * 1000 + time[2] / 1000
local each = 1000 / tonumber(ARGV[1])
local full = math.max(now, tonumber(redis.call("GET", KEYS[1]) or "0"))
local room = tonumber(ARGV[2]) * each - (full - now)
local granted = math.min(math.floor(room / each + 0.000001), tonumber(ARGV[3]))
redis.call("ZADD", KEYS[2], now, ARGV[4])
redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", now - 10000)
local gateways = redis.call("ZCARD", KEYS[2])
if granted < 1 then return {0, tostring(each - room), gateways, 0} end
full = full + granted * each
redis.call("SET", KEYS[1], string.format("%.3f", full), "PX", math.ceil(full - now) + 1000)
return {granted, "0", gateways, math.floor(room / each + 0.000001) - granted}
`;

/** A lease that takes longer is no help, in ms: the request it is for waits. */
const PATIENCE_MS = 100;

/**
 * Leases out of Redis.
 *
 * @param gateway name of this gateway among those that share the buckets.
 */
export function redisLeases(redis: Redis, gateway: string): AskForLease {
  return async (clientId, { requestsPerSecond, burst }, wanted) => {
    const asked = redis.eval(
      SCRIPT,
      2,
      `limit:${clientId}`,
      "limit-gateways",
      String(requestsPerSecond),
      String(burst),
      String(wanted),
      gateway,
    );
    const [granted, waitMs, gateways, left] = (await within(asked, PATIENCE_MS)) as [
      number,
      string,
      number,
      number,
    ];
    return { granted, waitMs: Number(waitMs), left, gateways };
  };
}

/** What a promise comes to, or an error when that takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer in ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
