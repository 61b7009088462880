import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../service/logger.ts";

/** News of what ended, consents or grants, from two sides: pushed at once, and polled so that a lost message is caught. */
export interface RevocationFeed {
  /** Milliseconds since it was last certain that nothing was missed; Infinity before the first time. */
  ageMs(): number;
  stop(): Promise<void>;
}

/** News of one poll. */
export interface Ended {
  /** To be sent next time. */
  readonly cursor: string;
  /** Ids of what ended since, oldest first. */
  readonly ended: readonly string[];
}

/** Where news come from and go to. */
export interface RevocationFeedOptions {
  /** What the news are of, in the plural, for the log. */
  readonly of: string;
  /** Reads what ended since a cursor; without one it tells where to begin. */
  readonly poll: (cursor: string | undefined) => Promise<Ended>;
  /** Takes in that one ended. */
  readonly end: (id: string) => void;
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
  of,
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
    for (const id of answer.ended) end(id);
    cursor = answer.cursor;
    certainAt = asked;
    if (failing) log.info({ of }, "revocations are read again");
    failing = false;
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await once().catch((error: unknown) => {
        if (!failing) log.warn({ err: error, of }, "revocations cannot be read");
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

/** What a pushed message is about. */
export interface Pushed {
  readonly consent?: string;
  readonly grant?: string;
}

/** The consent or grant a pushed message says has ended; neither when it is about something else. */
export function parsePushed(message: string): Pushed {
  try {
    const value = JSON.parse(message) as { readonly consent?: unknown; readonly grant?: unknown } | null;
    return {
      ...(typeof value?.consent === "string" ? { consent: value.consent } : {}),
      ...(typeof value?.grant === "string" ? { grant: value.grant } : {}),
    };
  } catch {
    return {};
  }
}
