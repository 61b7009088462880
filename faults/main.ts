/**
 * `npm run test:faults`: plays every scenario once undisturbed, then with faults, and says how each came out.
 *
 * `--long` plays all plans instead of a sample; `--plans N` and `--seed N` choose the sample; `--only TEXT` plays the
 * plans whose name contains it, `--at-once N` so many side by side.
 */
import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { enumerate, type Learned, SKIPPED } from "./enumeration.ts";
import { type FaultPlan, nameOf, play } from "./play.ts";
import { openPlayhouse } from "./playhouse.ts";
import { sampleOf, seeded } from "./random.ts";
import { SCENARIOS } from "./scenario/scenarios.ts";
import { tableOf } from "./table.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: false },
    plans: { type: "string", default: "750" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string", default: "" },
    "at-once": { type: "string", default: "6" },
    report: { type: "string" },
  },
});

const started = performance.now();
const house = await openPlayhouse();
const verdicts: Verdict[] = [];
const learned: Learned[] = [];
for (const scenario of SCENARIOS) {
  const run = await play(house, scenario, undefined);
  if (run.stuck !== undefined || run.broken.length > 0)
    throw new Error(`${scenario.name} fails undisturbed: ${[run.stuck, ...run.broken].join("; ")}`);
  learned.push({ scenario, run });
}
const all = learned.flatMap(enumerate);
const groupOf = ({ scenario, fault }: FaultPlan): string => `${scenario.name} / ${fault.name}`;
const asked = all.filter((plan) => nameOf(plan).includes(values.only));
const random = seeded(Number(values.seed));
const chosen = sampleOf(
  asked,
  values.long || values.only ? asked.length : Number(values.plans),
  groupOf,
  random,
);
console.log(`seed ${values.seed}: ${chosen.length} of ${all.length} plans`);

const queue = [...chosen];
const worker = async (): Promise<void> => {
  for (let plan = queue.shift(); plan; plan = queue.shift()) {
    const { scenario } = plan;
    const undisturbed = learned.find((each) => each.scenario === scenario)?.run;
    if (!undisturbed) continue;
    const verdict = verdictOf(plan, undisturbed, await play(house, scenario, plan));
    verdicts.push(verdict);
    if (verdict.outcome === "failed") console.log(`\n${verdict.plan}\n  ${verdict.findings.join("\n  ")}`);
  }
};
await Promise.all(Array.from({ length: Number(values["at-once"]) }, worker));
await house.close();

const enumerated = Map.groupBy(all, ({ fault }) => fault.name);
console.log(
  `\n${tableOf(verdicts, new Map([...enumerated].map(([name, plans]) => [name, plans.length])))}\n`,
);
for (const [name, why] of SKIPPED) console.log(`skipped: ${name}: ${why}`);
const count = (outcome: Verdict["outcome"]): number =>
  verdicts.filter((each) => each.outcome === outcome).length;
const [passed, failed, skipped] = [count("resilient"), count("failed"), count("inconclusive")];
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`${verdicts.length} plans in ${minutes} min; again with --seed ${values.seed}`);
if (values.report !== undefined) await writeFile(values.report, JSON.stringify(reportOf()));
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** The counts in the form of the other levels of `make test`. */
function reportOf(): unknown {
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [],
  };
}
