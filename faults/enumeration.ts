import type { Life } from "./lives.ts";
import type { FaultPlan, Run } from "./play.ts";

/** A life and its undisturbed run. */
export interface Learned extends Life {
  readonly run: Run;
}

/** Every fault at every write that the learn run made in the phases it is about: all that the harness could do. */
export function enumerate({ scenario, strikes, run }: Learned): readonly FaultPlan[] {
  return run.writes
    .filter(({ phase }) => strikes.has(phase))
    .flatMap((at) => scenario.faults.map((fault): FaultPlan => ({ scenario, fault, at, wanted: run })));
}

/** Classes of the catalogue that no plan has, and why. */
export const SKIPPED: readonly (readonly [name: string, why: string])[] = [
  [
    "stale lists",
    "every list and first picture of ours asks for the newest version, which a server answers from its quorum " +
      "(asserted in every run); a watch that lags is the class `stale watches`",
  ],
  [
    "server down 5 min and more",
    "back-off is capped at 30 s, which `server down 30 s` reaches on a clock that runs twenty times as fast",
  ],
];
