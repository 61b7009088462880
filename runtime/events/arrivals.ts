import { setTimeout as delay } from "node:timers/promises";

/** How often whoever waits looks by itself, in ms: another replica's relay tells only those who wait there. */
const LOOK_MS = 1_000;

/** Tells those who wait that something new is in the log. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();

  /** Wakes everybody. */
  tell(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of all) wake();
  }

  /**
   * Looks until there is something to see.
   *
   * @param look undefined means "not yet".
   * @returns what was seen, or undefined when `patienceMs` were over or `signal` aborted before.
   */
  async until<T>(
    look: () => Promise<T | undefined>,
    { patienceMs, signal }: { readonly patienceMs: number; readonly signal: AbortSignal },
  ): Promise<T | undefined> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const { promise: told, resolve: wake } = Promise.withResolvers<void>();
      // Listening before looking: what arrives in between wakes.
      this.#waiting.add(wake);
      try {
        const seen = await look();
        const left = end - performance.now();
        if (seen !== undefined || left <= 0 || signal.aborted) return seen;
        await Promise.race([told, pause(Math.min(left, LOOK_MS), signal)]);
      } finally {
        this.#waiting.delete(wake);
      }
    }
  }
}

/** Ends early, and without a word, when the signal does. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
