import { SKIPPED } from "./enumeration.ts";
import type { Tidings } from "./news.ts";
import { tableOf } from "./table.ts";
import type { Verdict } from "./verdict.ts";

/** How many plans came out in which way. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Not played in time, or their write did not come. */
  readonly skipped: number;
}

/** Counts everything once: a harness that was lost is a failure, and what it did not play is skipped. */
export function outcomeOf({ verdicts, plans, lost }: Tidings): Outcome {
  const having = (outcome: Verdict["outcome"]): number =>
    verdicts.filter((each) => each.outcome === outcome).length;
  return {
    passed: having("resilient"),
    failed: having("failed") + lost.length,
    skipped: having("inconclusive") + plans - verdicts.length,
  };
}

/** What was played of what there is, and what was not, for people. */
export function summaryOf(told: Tidings): readonly string[] {
  const { verdicts, plans, lost } = told;
  const total = new Map<string, number>();
  for (const each of told.enumerated) total.set(each.fault, (total.get(each.fault) ?? 0) + each.plans);
  const unplayed = plans - verdicts.length;
  return [
    "",
    tableOf(verdicts, total),
    "",
    ...coverageOf(told),
    "",
    ...SKIPPED.map(([name, why]) => `skipped: ${name}: ${why}`),
    ...(unplayed > 0 ? [`not played in time, and counted as skipped: ${unplayed} of ${plans} plans`] : []),
    ...lost,
  ];
}

/** For each scenario how many of its plans and fault classes were played; a write that did not come does not count. */
function coverageOf({ enumerated, verdicts }: Tidings): readonly string[] {
  return [...Map.groupBy(enumerated, ({ scenario }) => scenario)].map(([scenario, all]) => {
    const played = verdicts.filter((each) => each.scenario === scenario && each.outcome !== "inconclusive");
    const [classes, met] = [
      new Set(all.map(({ fault }) => fault)),
      new Set(played.map(({ fault }) => fault)),
    ];
    const missing = [...classes].filter((name) => !met.has(name));
    const count = all.reduce((sum, each) => sum + each.plans, 0);
    const rest = missing.length > 0 ? `; without ${missing.join(" · ")}` : "";
    return `${scenario}: ${played.length} of ${count} plans, ${met.size} of ${classes.size} fault classes${rest}`;
  });
}

/** The counts in the form of the other levels of `make test`. */
export function reportOf(told: Tidings): unknown {
  const { passed, failed, skipped } = outcomeOf(told);
  const failures = [
    ...told.lost.map((reason) => ({ fullName: "harness", failureMessages: [reason] })),
    ...told.verdicts
      .filter(({ outcome }) => outcome === "failed")
      .map(({ plan, findings }) => ({ fullName: plan, failureMessages: [findings.join("; ")] })),
  ];
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [
      {
        status: failed === 0 ? "passed" : "failed",
        assertionResults: failures.map((each) => ({ status: "failed", ...each })),
      },
    ],
  };
}
