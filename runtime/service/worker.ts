import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "./logger.ts";

/** How a piece of work is repeated. */
export interface WorkerOptions {
  /** For logs and readiness. */
  readonly name: string;
  /** Does some of it. @returns true when there is more to do at once. */
  readonly work: () => Promise<boolean>;
  /** How long it rests when there is no more, in ms. */
  readonly everyMs: number;
  /** How long it rests at most after failures in a row, in ms; 30 s unless told. */
  readonly longestRestMs?: number;
  readonly log: Log;
}

const LONGEST_REST_MS = 30_000;

/** Does a piece of work over and over, from now on: at once while there is more, then at each wake or when a while has passed. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #stop = new AbortController();
  readonly #end: Promise<void>;
  #wake: () => void = () => undefined;
  #woken = false;
  #failures = 0;
  #everDone = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#end = this.#run();
  }

  /** Ends the present rest, or leaves out the next. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Undefined while it succeeds, else what is wrong; as readiness says it. */
  problem(): string | undefined {
    if (this.#failures > 0) return `failed ${this.#failures} times in a row`;
    return this.#everDone ? undefined : "not done once yet";
  }

  /** Ends after the piece in hand. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#end;
  }

  async #run(): Promise<void> {
    const { name, work, everyMs, longestRestMs = LONGEST_REST_MS, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let more = false;
      this.#woken = false;
      try {
        more = await work();
        if (this.#failures > 0) log.info({ worker: name, failures: this.#failures }, "work goes on");
        this.#failures = 0;
        this.#everDone = true;
      } catch (error) {
        if (this.#failures === 0) log.warn({ err: error, worker: name }, "work failed");
        this.#failures += 1;
      }
      if (this.#failures > 0) await this.#rest(Math.min(everyMs * 2 ** this.#failures, longestRestMs));
      else if (!more && !this.#woken) await this.#rest(everyMs);
    }
  }

  async #rest(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    await Promise.race([woken, delay(ms, undefined, { signal }).catch(() => undefined)]);
    over.abort();
  }
}
