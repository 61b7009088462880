import type { Clock } from "./clock.ts";

/** Calls back when nothing was heard for a while. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #bark: () => void;
  #stop: (() => void) | undefined;
  #heard = 0;
  #allowed = 0;

  constructor(clock: Clock, bark: () => void) {
    this.#clock = clock;
    this.#bark = bark;
  }

  /** Something was heard; the next is due within `ms`. */
  expect(ms: number): void {
    this.#heard = this.#clock.monotonic();
    if (this.#stop && ms === this.#allowed) return;
    this.#stop?.();
    this.#allowed = ms;
    this.#arm(ms);
  }

  rest(): void {
    this.#stop?.();
  }

  /** One timer for many events: it looks how long it was quiet and sleeps for the rest. */
  #arm(ms: number): void {
    this.#stop = this.#clock.after(ms, () => {
      const quiet = this.#clock.monotonic() - this.#heard;
      if (quiet >= this.#allowed) this.#bark();
      else this.#arm(this.#allowed - quiet);
    });
  }
}
