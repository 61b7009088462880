import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { lastLines } from "./command.ts";

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

/**
 * Does something whose failure a log explains: the error then ends with the log's last lines.
 *
 * @param log file that may not be there yet.
 */
export async function explainedBy<T>(log: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const lines = lastLines(await readFile(log, "utf8").catch(() => ""), 12);
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what}\n${log} ends with:\n${lines}`, { cause });
  }
}
