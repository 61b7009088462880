import type { Backoff, Random } from "./backoff.ts";
import { backoffDelay, workBackoff } from "./backoff.ts";
import type { Clock, Stop } from "./clock.ts";
import { systemClock } from "./clock.ts";

/** Who goes first; within one priority, who came first. */
export const priority = {
  /** Revocation, suspension, expiry. */
  safety: 100,
  /** Something new, which nothing serves yet, while what was changed is served as before. */
  created: 50,
  /** Somebody changed something. */
  change: 0,
  /** First list, periodic second look. */
  resync: -100,
} as const;

/** What a queue tells about itself, for metrics. Times in seconds. */
export interface QueueObserver {
  added(): void;
  /** How long the key waited until a worker took it. */
  taken(waited: number): void;
  done(worked: number): void;
  /** Added with a delay: after a failure, or for a planned second look. */
  delayed(): void;
}

export interface WorkQueueOptions {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly backoff?: Backoff | undefined;
  readonly observer?: QueueObserver | undefined;
}

export interface AddOptions {
  /** See {@link priority}. Default `change`. */
  readonly priority?: number | undefined;
  /** Not before this many ms from now. */
  readonly afterMs?: number | undefined;
}

interface Waiting {
  readonly priority: number;
  /** When it is due, on both clocks: whichever comes first counts, so that neither sleep nor a jump delays it. */
  readonly dueMonotonic: number;
  readonly dueWall: number;
  readonly stop: Stop;
}

interface Taker {
  readonly above: number;
  readonly give: (key: string | undefined) => void;
}

interface Ready {
  readonly priority: number;
  readonly since: number;
}

/** Delays are looked at again this often, since timers stand still while a machine sleeps, in ms. */
const LOOK_AGAIN = 60_000;

/**
 * Keys that need work, each at most once.
 *
 * A key added while it is in work runs once more afterwards. Adding twice keeps the higher priority and the shorter
 * delay. Keys fail separately: one that always fails only waits longer itself.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #observer: QueueObserver | undefined;
  readonly #ready = new Map<string, Ready>();
  readonly #order = new Map<number, Set<string>>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #inWork = new Map<string, number>();
  readonly #again = new Map<string, { readonly priority: number; readonly afterMs: number }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: Taker[] = [];
  #stopped = false;

  constructor({ clock, random, backoff, observer }: WorkQueueOptions = {}) {
    this.#clock = clock ?? systemClock;
    this.#random = random ?? Math.random;
    this.#backoff = backoff ?? workBackoff;
    this.#observer = observer;
  }

  /** Keys ready to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys whose time has not come: after a failure, or for a planned second look. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Since when each key in work is, in monotonic ms. */
  get inWork(): ReadonlyMap<string, number> {
    return this.#inWork;
  }

  add(key: string, { priority: wanted = priority.change, afterMs = 0 }: AddOptions = {}): void {
    if (this.#stopped) return;
    if (afterMs > 0) this.#observer?.delayed();
    if (this.#inWork.has(key)) {
      const before = this.#again.get(key);
      this.#again.set(key, {
        priority: Math.max(wanted, before?.priority ?? wanted),
        afterMs: Math.min(afterMs, before?.afterMs ?? afterMs),
      });
      return;
    }
    const ready = this.#ready.get(key);
    if (ready) {
      if (afterMs <= 0 && wanted > ready.priority) this.#makeReady(key, wanted, ready.since);
      return;
    }
    if (afterMs > 0) this.#wait(key, wanted, afterMs);
    else {
      const level = Math.max(wanted, this.#waiting.get(key)?.priority ?? wanted);
      this.#makeReady(key, level, this.#clock.monotonic());
    }
  }

  /**
   * Adds a key whose work failed, after a wait that doubles with every failure.
   *
   * @param atLeastMs a wait the server asked for.
   * @param capMs the longest wait for this key.
   * @param priority as in {@link add}: what failed keeps its place among the others.
   * @returns the wait, in ms.
   */
  retry(
    key: string,
    {
      atLeastMs = 0,
      capMs,
      priority: wanted,
    }: Pick<AddOptions, "priority"> & { readonly atLeastMs?: number; readonly capMs?: number } = {},
  ): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const backoff = capMs === undefined ? this.#backoff : { ...this.#backoff, capMs };
    const afterMs = Math.max(atLeastMs, backoffDelay(backoff, failures, this.#random));
    this.add(key, { afterMs, priority: wanted });
    return afterMs;
  }

  /** The key's work succeeded: its next failure waits the shortest time again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures since the last success. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * The next key, as soon as there is one; undefined once the queue is stopped. Every key taken is given back by
   * {@link done}.
   *
   * @param above takes only keys of a higher priority than this, and only while nobody waits for any key.
   */
  take(above = Number.NEGATIVE_INFINITY): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    return new Promise((give) => {
      this.#takers.push({ above, give });
      this.#serve();
    });
  }

  done(key: string): void {
    const since = this.#inWork.get(key);
    if (since === undefined) return;
    this.#inWork.delete(key);
    this.#observer?.done((this.#clock.monotonic() - since) / 1000);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again) this.add(key, again);
  }

  /** Gives out nothing more; what is in work may finish. */
  stop(): void {
    this.#stopped = true;
    for (const { stop } of this.#waiting.values()) stop();
    this.#waiting.clear();
    for (const { give } of this.#takers.splice(0)) give(undefined);
  }

  #wait(key: string, wanted: number, afterMs: number): void {
    const before = this.#waiting.get(key);
    const dueMonotonic = this.#clock.monotonic() + afterMs;
    const dueWall = this.#clock.now().getTime() + afterMs;
    const level = Math.max(wanted, before?.priority ?? wanted);
    before?.stop();
    this.#arm(key, {
      priority: level,
      dueMonotonic: Math.min(dueMonotonic, before?.dueMonotonic ?? dueMonotonic),
      dueWall: Math.min(dueWall, before?.dueWall ?? dueWall),
    });
  }

  #arm(key: string, entry: Omit<Waiting, "stop">): void {
    const left = (): number =>
      Math.min(entry.dueMonotonic - this.#clock.monotonic(), entry.dueWall - this.#clock.now().getTime());
    const stop = this.#clock.after(Math.min(left(), LOOK_AGAIN), () => {
      if (left() > 0) this.#arm(key, entry);
      else this.#makeReady(key, entry.priority, this.#clock.monotonic());
    });
    this.#waiting.set(key, { ...entry, stop });
  }

  #makeReady(key: string, level: number, since: number): void {
    this.#waiting.get(key)?.stop();
    this.#waiting.delete(key);
    const before = this.#ready.get(key);
    if (before) this.#order.get(before.priority)?.delete(key);
    else this.#observer?.added();
    this.#ready.set(key, { priority: level, since });
    const keys = this.#order.get(level) ?? new Set();
    keys.add(key);
    this.#order.set(level, keys);
    this.#serve();
  }

  #serve(): void {
    while (this.#takers.length > 0 && this.#ready.size > 0) {
      const level = Math.max(...[...this.#order].filter(([, keys]) => keys.size > 0).map(([each]) => each));
      const [key] = this.#order.get(level) ?? [];
      const ready = key === undefined ? undefined : this.#ready.get(key);
      const taker = this.#takerOf(level);
      if (key === undefined || !ready || !taker) return;
      this.#takers.splice(this.#takers.indexOf(taker), 1);
      this.#order.get(level)?.delete(key);
      this.#ready.delete(key);
      const now = this.#clock.monotonic();
      this.#inWork.set(key, now);
      this.#observer?.taken((now - ready.since) / 1000);
      taker.give(key);
    }
  }

  /** Who takes everything goes before who takes only what is urgent. */
  #takerOf(level: number): Taker | undefined {
    return (
      this.#takers.find(({ above }) => above === Number.NEGATIVE_INFINITY) ??
      this.#takers.find(({ above }) => level > above)
    );
  }
}
