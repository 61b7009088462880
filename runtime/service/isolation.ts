import type { Log } from "./logger.ts";
import { ROSTER_PATIENCE_MS } from "./shards.ts";

/** What the hub's Lease says: the operator has just compared this stack's roster with all Partners. */
export interface HubWord {
  /** The process that says it: its clock is one of its own. */
  readonly holder: string;
  /** When, in ms since 1970 by its clock. */
  readonly saidAt: number;
  /** The roster it found right. */
  readonly rosterVersion: number;
}

/** Whether this process may have been cut off from the world, so that its roster may be out of date. */
export interface Isolation {
  hear(word: HubWord): void;
  /** A call came in from outside. Tells whether it has to wait. */
  called(): boolean;
  /** Whether calls have to wait still. */
  waiting(): boolean;
}

/** Longest time without a word of the hub and without a call that is no isolation yet, in ms: three words. */
export const ALONE_MS = 6_000;

/**
 * Watches for isolation.
 *
 * A gateway cannot tell a hub that is down, without which it must go on, from a region that is cut off, in which what
 * the hub took away meanwhile must not be served on its return. But nobody calls a gateway that is cut off. So one to
 * which nothing came for {@link ALONE_MS}, no word and no call, treats the first that comes as a starting one does:
 * calls wait for a word of the hub said after that, about a roster that is here, for {@link ROSTER_PATIENCE_MS} at the
 * most and once per silence of the hub: it may order, never kill.
 *
 * @param clock milliseconds that never go back.
 */
export function watchIsolation({
  clock,
  rosterVersion,
  log,
}: {
  readonly clock: () => number;
  /** Version of the roster in force. */
  readonly rosterVersion: () => number;
  readonly log: Log;
}): Isolation {
  let last: (HubWord & { /** By the own clock. */ readonly at: number }) | undefined;
  /** What the own clock is ahead of the speaker's, the way of the word included. */
  let offset = 0;
  let signAt = clock();
  let since: number | undefined;
  /** Whether a word can be expected: not before the first, nor after it was waited for in vain. */
  let followed = false;

  const sign = (): number => {
    const now = clock();
    if (followed && since === undefined && now - signAt > ALONE_MS) {
      since = now;
      log.warn({ aloneMs: Math.round(now - signAt) }, "perhaps cut off; calls wait for the hub");
    }
    signAt = now;
    return now;
  };

  const waiting = (): boolean => {
    if (since === undefined) return false;
    const waited = clock() - since;
    const heard = last !== undefined && last.at >= since && rosterVersion() >= last.rosterVersion;
    if (!heard && waited < ROSTER_PATIENCE_MS) return true;
    log.warn({ heard, waitedMs: Math.round(waited) }, "calls go on");
    since = undefined;
    followed = heard;
    return false;
  };

  return {
    hear(word) {
      const now = sign();
      const measured = now - word.saidAt;
      // Words are on their way for some time, the first one after a cut for all of it: that one must not set the clock.
      if (since === undefined || word.holder !== last?.holder) offset = measured;
      else offset = Math.min(offset, measured);
      last = { ...word, at: word.saidAt + offset };
      followed = true;
      waiting();
    },
    called() {
      sign();
      return waiting();
    },
    waiting,
  };
}
