import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Log } from "./logger.ts";

/** The contents of a few files that belong together, kept fresh. */
export interface WatchedFiles<Name extends string> {
  current(): Readonly<Record<Name, string>>;
  /** Calls back after the contents changed. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  stop(): void;
}

/** How files are watched. */
export interface WatchOptions<Name extends string> {
  readonly log: Log;
  /** How often they are read, in ms: the kubelet swaps a volume by symbolic link, which no inotify watch survives. */
  readonly everyMs?: number;
  /** Throws when contents do not fit together, such as a key without its certificate; the last good ones stay. */
  readonly check?: (contents: Readonly<Record<Name, string>>) => void;
}

/**
 * Reads files now and again every few seconds.
 *
 * @throws when a file cannot be read, or `check` refuses, the first time.
 */
export function watchFiles<Name extends string>(
  paths: Readonly<Record<Name, string>>,
  { log, everyMs = 2_000, check }: WatchOptions<Name>,
): WatchedFiles<Name> {
  const names = Object.keys(paths) as Name[];
  const entries = names.map((name) => [name, readFileSync(paths[name], "utf8")] as const);
  let contents = Object.fromEntries(entries) as Record<Name, string>;
  check?.(contents);
  const listeners = new Set<() => void>();
  let refused: string | undefined;

  const look = async (): Promise<void> => {
    const texts = await Promise.all(names.map(async (name) => [name, await readFile(paths[name], "utf8")]));
    const next = Object.fromEntries(texts) as Record<Name, string>;
    if (names.every((name) => next[name] === contents[name])) return;
    check?.(next);
    contents = next;
    refused = undefined;
    log.info({ files: Object.values(paths) }, "files changed");
    for (const listener of listeners) listener();
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      const why = String(error);
      if (why !== refused)
        log.warn({ err: error, files: Object.values(paths) }, "changed files cannot be used");
      refused = why;
    });
  }, everyMs);
  timer.unref();
  return {
    current: () => contents,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => clearInterval(timer),
  };
}
