import { setTimeout as pause } from "node:timers/promises";

export interface WaitOptions {
  /** Milliseconds until waiting is given up. */
  readonly timeout: number;
  /** Milliseconds between two looks; 100 when absent. */
  readonly every?: number;
  /** Finishes the sentence "waited 30 s for …". */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until there is something to see.
 *
 * @param look undefined or false means "not yet"; so does a throw, whose message is kept for the error.
 * @throws Error that names what was awaited and why the last look failed.
 */
export async function until<T>(look: () => Promise<T | undefined | false>, options: WaitOptions): Promise<T> {
  const end = performance.now() + options.timeout;
  let cause: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      const why = cause instanceof Error ? ` (last: ${cause.message})` : "";
      throw new Error(`waited ${Math.round(options.timeout / 1000)} s for ${options.what}${why}`, { cause });
    }
    await pause(options.every ?? 100, undefined, options.signal ? { signal: options.signal } : {});
  }
}
