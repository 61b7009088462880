/** How much a gateway has to do, as it tells the hub. */
export interface RequestRate {
  /** Counts one call. */
  observe(): void;
  /** Calls a second in the busiest ten seconds of the last minute, in steps: a steady rate is told once. */
  report(): number;
}

const SLICE_MS = 10_000;
const SLICES = 6;

/** Changes below this, in calls a second, are not told. */
const TOLD_FROM = 50;

/** Nobody has called yet. @param clock milliseconds that never go back. */
export function createRequestRate(clock: () => number): RequestRate {
  let slices: readonly { readonly number: number; calls: number }[] = [];
  let told = 0;
  const present = (): number => Math.floor(clock() / SLICE_MS);
  return {
    observe() {
      const number = present();
      const last = slices.at(-1);
      if (last?.number === number) last.calls += 1;
      else slices = [...slices.filter((each) => each.number >= number - SLICES), { number, calls: 1 }];
    },
    report() {
      const now = present();
      // The slice that is being counted says nothing yet.
      const whole = slices.filter(({ number }) => number < now && number >= now - SLICES);
      told = steadied(told, Math.max(0, ...whole.map(({ calls }) => calls)) / (SLICE_MS / 1000));
      return told;
    },
  };
}

/** What is told of a rate after `told`: the same while it is within a fifth of it, else two digits of it. */
export function steadied(told: number, rate: number): number {
  if (Math.abs(rate - told) <= Math.max(TOLD_FROM, told / 5)) return told;
  return rate < TOLD_FROM ? 0 : Math.round(Number(rate.toPrecision(2)));
}
