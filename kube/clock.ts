/** Stops what was started; safe to call more than once. */
export type Stop = () => void;

/** Time as the kit sees it, so that tests own it. */
export interface Clock {
  /** The wall clock: may jump. For what is written into objects. */
  now(): Date;
  /** Milliseconds since some start: never jumps, stands still while the machine sleeps. For deadlines and leases. */
  monotonic(): number;
  /** Calls back once after `ms`; any length is fine. */
  after(ms: number, callback: () => void): Stop;
}

/** Node's timers fire at once beyond this many ms (2^31 - 1). */
const LONGEST = 2_147_483_647;

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > LONGEST ? wait(left - LONGEST) : callback()), Math.min(left, LONGEST));
      timer.unref();
    };
    wait(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      stop();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const stop = clock.after(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
