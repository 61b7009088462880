/**
 * `npm run test:faults`: plays every life of every scenario once undisturbed, then with faults, and says how each came out.
 *
 * A life goes on for one phase after the fault, then ends; `--whole` lives go on to the end of their scenario.
 * `--long` plays all plans instead of a sample; `--plans N`, `--processes N` (of those, processes that are killed),
 * `--mistakes N` (of people, besides) and `--seed N` choose the sample; `--only TEXT` plays the plans whose name contains it, `--at-once N` so many side by side. After `--minutes N` no
 * plan of a sample is begun any more; what was not played counts as skipped.
 */
import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { enumerate, type Learned, SKIPPED } from "./enumeration.ts";
import { type Life, shortLives, wholeLife } from "./lives.ts";
import { type FaultPlan, nameOf, play } from "./play.ts";
import { openPlayhouse } from "./playhouse.ts";
import { sampleOf, seeded, shuffled } from "./random.ts";
import { startProcess } from "./process-subject.ts";
import { misoperations } from "./scenario/misoperation.ts";
import { SCENARIOS } from "./scenario/scenarios.ts";
import { tableOf } from "./table.ts";
import { misoperationVerdict, type Verdict, verdictOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    whole: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    plans: { type: "string", default: "1005" },
    processes: { type: "string", default: "255" },
    mistakes: { type: "string", default: "40" },
    minutes: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string", default: "" },
    "at-once": { type: "string", default: "6" },
    report: { type: "string" },
  },
});

const started = performance.now();
const house = await openPlayhouse();
const verdicts: Verdict[] = [];
const lives = SCENARIOS.flatMap((scenario) => (values.whole ? [wholeLife(scenario)] : shortLives(scenario)));
const all = (await atOnce(lives.map((life) => () => learn(life)))).flatMap(enumerate);
const groupOf = ({ scenario, fault }: FaultPlan): string => `${scenario.name} / ${fault.name}`;
const asked = all.filter((plan) => nameOf(plan).includes(values.only));
const random = seeded(Number(values.seed));
const inProcess = ({ scenario }: FaultPlan): boolean => scenario.start !== startProcess;
const take = (plans: readonly FaultPlan[], count: number): readonly FaultPlan[] =>
  sampleOf(plans, values.long || values.only ? plans.length : count, groupOf, random);
const processes = take(
  asked.filter((plan) => !inProcess(plan)),
  Number(values.processes),
);
const others = take(asked.filter(inProcess), Number(values.plans) - processes.length);
const chosen = shuffled([...processes, ...others], random);
const jobs = chosen.map(
  (plan) => async (): Promise<Verdict> => verdictOf(plan, await play(house, plan.scenario, plan)),
);
const mistakes = misoperations().filter(({ name }) => name.includes(values.only));
const asMany = values.long || values.only ? mistakes.length : Number(values.mistakes);
for (const scenario of sampleOf(mistakes, asMany, ({ phases }) => phases[1]?.name ?? "", random))
  jobs.push(async () => misoperationVerdict(scenario, await play(house, scenario, undefined)));
console.log(`seed ${values.seed}: ${jobs.length} of ${all.length + misoperations().length} plans`);

const end = values.long ? Number.POSITIVE_INFINITY : started + Number(values.minutes) * 60_000;
await atOnce(
  shuffled(jobs, random).map((job) => async () => {
    if (performance.now() > end) return;
    const verdict = await job();
    verdicts.push(verdict);
    if (verdicts.length % 50 === 0) console.log(`${verdicts.length} of ${jobs.length}`);
    if (verdict.outcome === "failed") console.log(`\n${verdict.plan}\n  ${verdict.findings.join("\n  ")}`);
  }),
);
await house.close();

const enumerated = Map.groupBy(all, ({ fault }) => fault.name);
console.log(
  `\n${tableOf(verdicts, new Map([...enumerated].map(([name, plans]) => [name, plans.length])))}\n`,
);
for (const [name, why] of SKIPPED) console.log(`skipped: ${name}: ${why}`);
const count = (outcome: Verdict["outcome"]): number =>
  verdicts.filter((each) => each.outcome === outcome).length;
const unplayed = jobs.length - verdicts.length;
if (unplayed > 0) console.log(`not played in time: ${unplayed}`);
const [passed, failed, skipped] = [count("resilient"), count("failed"), count("inconclusive") + unplayed];
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const { user, system } = process.cpuUsage();
const each = ((user + system) / 1e6 / Math.max(1, verdicts.length)).toFixed(2);
console.log(
  `${verdicts.length} plans in ${minutes} min, ${each} s of CPU each without the server; again with --seed ${values.seed}`,
);
if (values.report !== undefined) await writeFile(values.report, JSON.stringify(reportOf()));
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** Plays a life undisturbed; what fails without a fault says nothing with one. */
async function learn(life: Life): Promise<Learned> {
  const run = await play(house, life.scenario, undefined);
  if (run.stuck !== undefined || run.broken.length > 0)
    throw new Error(`${life.scenario.name} fails undisturbed: ${[run.stuck, ...run.broken].join("; ")}`);
  return { ...life, run };
}

/** Does all of them, some side by side. @returns what they came to, in their order. */
async function atOnce<T>(todo: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const done: T[] = [];
  const left = todo.entries();
  const worker = async (): Promise<void> => {
    for (const [index, one] of left) done[index] = await one();
  };
  await Promise.all(Array.from({ length: Number(values["at-once"]) }, worker));
  return done;
}

/** The counts in the form of the other levels of `make test`. */
function reportOf(): unknown {
  const failures = verdicts
    .filter(({ outcome }) => outcome === "failed")
    .map(({ plan, findings }) => ({
      status: "failed",
      fullName: plan,
      failureMessages: [findings.join("; ")],
    }));
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [{ status: failed === 0 ? "passed" : "failed", assertionResults: failures }],
  };
}
