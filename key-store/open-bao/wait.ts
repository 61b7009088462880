import { setTimeout as delay } from "node:timers/promises";

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * What comes of something that is tried until it gives a result, with pauses that double from half a second to 15 s: for a
 * store that is away.
 *
 * @param attempt is told how long the pause after it is, in ms; what it throws ends the waiting.
 * @throws what an attempt throws; the signal's reason.
 */
export async function awaited<Result extends object>(
  attempt: (pauseMs: number) => Promise<Result | undefined>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_MS)) {
    signal?.throwIfAborted();
    const result = await attempt(pauseMs);
    if (result !== undefined) return result;
    // An end is told by the signal's own reason, above.
    await delay(pauseMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}
