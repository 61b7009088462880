import { setTimeout as delay } from "node:timers/promises";
import type { Revocations } from "../service/consent-snapshot.ts";
import type { Log } from "../service/logger.ts";

/** News of consents that ended, from two sides: pushed at once, and polled so that a lost message is caught. */
export interface RevocationFeed {
  /** Milliseconds since it was last certain that nothing was missed; Infinity before the first time. */
  ageMs(): number;
  stop(): Promise<void>;
}

/** Where news come from and go to. */
export interface RevocationFeedOptions {
  /** Reads what ended since a cursor; without one it tells where to begin. */
  readonly poll: (cursor: string | undefined) => Promise<Revocations>;
  /** Takes in that a consent ended. */
  readonly end: (consent: string) => void;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly log: Log;
  /** Pause between two polls, in ms. Default 2 s. */
  readonly everyMs?: number;
}

/** Older than so many ms, what is known is not enough: each consent is read again when it is used. */
export const REVOCATIONS_STALE_MS = 5_000;

/** Starts polling. */
export function followRevocations({
  poll,
  end,
  clock,
  log,
  everyMs = 2_000,
}: RevocationFeedOptions): RevocationFeed {
  let cursor: string | undefined;
  let certainAt = -Infinity;
  let failing = false;
  const stopped = new AbortController();

  const once = async (): Promise<void> => {
    // What ends while the answer travels is told by the next one, so certainty dates from before the question.
    const asked = clock();
    const answer = await poll(cursor);
    for (const consent of answer.consents) end(consent);
    cursor = answer.cursor;
    certainAt = asked;
    if (failing) log.info("revocations are read again");
    failing = false;
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await once().catch((error: unknown) => {
        if (!failing) log.warn({ err: error }, "revocations cannot be read");
        failing = true;
      });
      const pause = certainAt === -Infinity ? Math.min(everyMs, 500) : everyMs;
      await delay(pause, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    ageMs: () => clock() - certainAt,
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

/** The consent a pushed message is about, or undefined when it is about none. */
export function consentOfMessage(message: string): string | undefined {
  try {
    const value = JSON.parse(message) as { readonly consent?: unknown } | null;
    return typeof value?.consent === "string" ? value.consent : undefined;
  } catch {
    return undefined;
  }
}
