import type { Log } from "../service/logger.ts";
import type { AskForLease } from "./lease.ts";
import { admit, FULL, type Bucket, type BucketLimit } from "./rate-limit.ts";

/** Whether one request of a partner is within its limit. */
export type Taken =
  | { readonly within: true }
  | { readonly within: false; /** Until the next could be, in ms. */ readonly waitMs: number };

/** The rate limits of all partners. */
export interface Limiter {
  /** Takes one request: at once out of a lease in hand, else after asking for one. */
  take(clientId: string, limit: BucketLimit): Taken | Promise<Taken>;
}

/** How leases are asked for. */
export interface LimiterOptions {
  readonly ask: AskForLease;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly log: Log;
}

/**
 * The largest lease covers this much of the rate, in ms, and an eighth of the burst at most. Leases begin with one
 * request and grow while they are spent quickly: demand decides, not shares, and little is lost unspent.
 */
const SPAN_MS = 150;
const BURST_PART = 8;
/** Requests of a lease that nobody sent in this time are lost, in ms. */
export const LIFE_MS = 500;
/** After a failure the shared bucket is left alone for so long, in ms. */
const PAUSE_MS = 1_000;

interface Account {
  left: number;
  dies: number;
  /** What the present lease was, and when it was given. */
  granted: number;
  since: number;
  asking: Promise<Taken> | undefined;
  /** The bucket of this gateway alone, for when the shared one cannot be reached. */
  own: Bucket;
}

const WITHIN: Taken = { within: true };

/** How large a lease to ask for, by what became of the last one. */
function nextLease({ granted, left, since }: Account, limit: BucketLimit, now: number): number {
  const span = Math.ceil((limit.requestsPerSecond * SPAN_MS) / 1000);
  const most = Math.max(1, Math.min(span, Math.floor(limit.burst / BURST_PART)));
  // Asked for the next one only because the last one died: it was too large.
  if (left > 0) return Math.max(1, Math.min(most, granted - left));
  return Math.min(most, Math.max(1, now - since < SPAN_MS ? granted * 2 : granted));
}

/** A gateway's equal part of a limit. */
function partOf({ requestsPerSecond, burst }: BucketLimit, gateways: number): BucketLimit {
  return {
    requestsPerSecond: requestsPerSecond / gateways,
    burst: Math.max(1, Math.floor(burst / gateways)),
  };
}

/**
 * Limits that all gateways of a stack share.
 *
 * Requests are taken from the shared bucket before they are let in, and let in within {@link LIFE_MS}. So in any span
 * of w seconds all gateways together admit at most burst + rate × (w + 0.5), and rate × w in the long run.
 *
 * Without the shared bucket each gateway admits its equal part of the limit and of what was in the
 * bucket, as it last knew them (fail static): a limit never turns itself off, and never stops everybody.
 */
export function createLimiter({ ask, clock, log }: LimiterOptions): Limiter {
  const accounts = new Map<string, Account>();
  let gateways = 1;
  let pausedUntil = -Infinity;

  /** Takes one request out of this gateway's own part. */
  const alone = (account: Account, limit: BucketLimit): Taken => {
    const { admitted, bucket, waitMs } = admit(account.own, partOf(limit, gateways), clock());
    account.own = bucket;
    return admitted ? WITHIN : { within: false, waitMs };
  };

  /** Fills the account; tells whether anything came. */
  const fill = async (clientId: string, account: Account, limit: BucketLimit): Promise<Taken> => {
    const asked = clock();
    try {
      const lease = await ask(clientId, limit, nextLease(account, limit, asked));
      gateways = Math.max(1, lease.gateways);
      const part = partOf(limit, gateways);
      const missing = Math.max(0, part.burst - lease.left / gateways);
      account.own = { full: clock() + (missing * 1000) / part.requestsPerSecond };
      if (lease.granted === 0) return { within: false, waitMs: lease.waitMs };
      account.left = lease.granted;
      account.granted = lease.granted;
      account.since = asked;
      account.dies = asked + LIFE_MS;
      return WITHIN;
    } catch (error) {
      log.warn({ err: error, gateways }, "shared limits cannot be reached; each gateway keeps to its part");
      pausedUntil = clock() + PAUSE_MS;
      return WITHIN;
    } finally {
      account.asking = undefined;
    }
  };

  const spend = (account: Account): boolean => {
    if (account.left < 1 || clock() >= account.dies) return false;
    account.left -= 1;
    return true;
  };

  const waitFor = async (clientId: string, account: Account, limit: BucketLimit): Promise<Taken> => {
    for (;;) {
      account.asking ??= fill(clientId, account, limit);
      const filled = await account.asking;
      if (spend(account)) return WITHIN;
      if (!filled.within) return filled;
      if (clock() < pausedUntil) return alone(account, limit);
      // Others who waited for the same lease were quicker.
    }
  };

  return {
    take(clientId, limit) {
      let account = accounts.get(clientId);
      if (account === undefined) {
        account = { left: 0, dies: -Infinity, granted: 0, since: -Infinity, asking: undefined, own: FULL };
        accounts.set(clientId, account);
      }
      if (spend(account)) return WITHIN;
      if (clock() < pausedUntil) return alone(account, limit);
      return waitFor(clientId, account, limit);
    },
  };
}

/** Limits of this gateway alone. */
export function localLimiter(clock: () => number): Limiter {
  const buckets = new Map<string, Bucket>();
  return {
    take(clientId, limit) {
      const { admitted, bucket, waitMs } = admit(buckets.get(clientId) ?? FULL, limit, clock());
      buckets.set(clientId, bucket);
      return admitted ? WITHIN : { within: false, waitMs };
    },
  };
}
