import { type FaultPlan, nameOf, type Run } from "./play.ts";
import type { Scenario } from "./scenario/scenario.ts";
import { differencesOf } from "./snapshot.ts";

/** What the harness says of one plan. */
export interface Verdict {
  readonly plan: string;
  readonly scenario: string;
  readonly fault: string;
  readonly rel: string;
  /** `inconclusive`: the write that it waited for did not come. */
  readonly outcome: "resilient" | "failed" | "inconclusive";
  /** Why it failed, for people. */
  readonly findings: readonly string[];
  /** In ms. */
  readonly recoveredAfter: number | undefined;
}

/** Compares a run with the undisturbed one. */
export function verdictOf(plan: FaultPlan, found: Run): Verdict {
  const { fault, scenario, wanted } = plan;
  const phases = [...found.snapshots].flatMap(([phase, snapshot]) =>
    differencesOf(wanted.snapshots.get(phase) ?? new Map(), snapshot).map((what) => `${phase}: ${what}`),
  );
  // A life that was cut short has made and deleted less.
  const whole = found.stuck === undefined && phases.length === 0;
  const counts = fault.sameCounts === false || !whole ? [] : differencesOf(wanted.counts, found.counts);
  const findings = [
    ...(found.stuck === undefined ? [] : [found.stuck]),
    ...found.broken,
    ...phases,
    ...counts,
  ];
  const struck = found.recoveredAfter !== undefined || found.stuck !== undefined;
  return {
    plan: nameOf(plan),
    scenario: scenario.name,
    fault: fault.name,
    rel: fault.rel,
    outcome: findings.length > 0 ? "failed" : struck ? "resilient" : "inconclusive",
    findings,
    recoveredAfter: found.recoveredAfter,
  };
}

/** Compares the end of a mistake that was taken back with what was there before it. */
export function misoperationVerdict({ name, phases }: Scenario, found: Run): Verdict {
  const [before, mistake, after] = phases.map((phase) => phase.name);
  const [wanted, had] = [before, after].map((phase) => found.snapshots.get(phase ?? ""));
  const rest = wanted && had ? differencesOf(wanted, had) : [];
  const findings = [...(found.stuck === undefined ? [] : [found.stuck]), ...found.broken, ...rest];
  return {
    plan: name,
    scenario: "misoperation",
    fault: `misoperation: ${mistake}`,
    rel: "REL-17",
    outcome: findings.length > 0 ? "failed" : "resilient",
    findings,
    recoveredAfter: undefined,
  };
}
