import type { Log } from "../../service/logger.ts";

/** Something that is done again and again while there is some of it. */
export interface Chore {
  /** In logs. */
  readonly name: string;
  /** Does one piece; false when there is none now. */
  next(now: Date): Promise<boolean>;
}

/** Work that goes on until it is stopped. */
export interface Worker {
  /** Ends after the piece under way. */
  stop(): Promise<void>;
}

/** Pause when there is nothing to do, and after something failed, in ms. */
const IDLE_MS = 250;
const FAILED_MS = 2_000;

/** Does chores side by side, each piece by piece. */
export function startWorker(
  chores: readonly Chore[],
  { clock, log }: { readonly clock: () => Date; readonly log: Log },
): Worker {
  const stopping = new AbortController();
  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopping.signal.aborted) {
        resolve();
        return;
      }
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        stopping.signal.removeEventListener("abort", done);
        resolve();
      }
      stopping.signal.addEventListener("abort", done);
    });
  const keepOn = async (chore: Chore): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (!(await chore.next(clock()))) await rest(IDLE_MS);
      } catch (error) {
        log.error({ err: error, chore: chore.name }, "chore failed");
        await rest(FAILED_MS);
      }
    }
  };
  const all = chores.map(keepOn);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(all);
    },
  };
}
