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
import { cpuTime } from "./cpu.ts";
import { enumerate, type Learned, SKIPPED } from "./enumeration.ts";
import { type Life, shortLives, wholeLife } from "./lives.ts";
import { type FaultPlan, nameOf, play } from "./play.ts";
import { openPlayhouse } from "./playhouse.ts";
import { sampleOf, seeded, shuffled } from "./random.ts";
import { sideBySide } from "./side-by-side.ts";
import { startProcess } from "./process-subject.ts";
import { misoperations } from "./scenario/misoperation.ts";
import type { Scenario } from "./scenario/scenario.ts";
import { SCENARIOS } from "./scenario/scenarios.ts";
import { tableOf } from "./table.ts";
import { misoperationVerdict, type Verdict, verdictOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    whole: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    plans: { type: "string" },
    processes: { type: "string" },
    mistakes: { type: "string" },
    minutes: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string", default: "" },
    "at-once": { type: "string", default: "6" },
    report: { type: "string" },
  },
});

/** Plans that mostly sleep are played in so many further lanes. */
const SLEEPERS = 4;

type Job = () => Promise<Verdict>;

const started = performance.now();
const house = await openPlayhouse();
const verdicts: Verdict[] = [];
// Whoever asks for one scenario needs none of the others.
const asksFor = ({ name }: Scenario): boolean => values.only.startsWith(`${name} /`);
const scenarios = SCENARIOS.some(asksFor) ? SCENARIOS.filter(asksFor) : SCENARIOS;
const lives = scenarios.flatMap((scenario) => (values.whole ? [wholeLife(scenario)] : shortLives(scenario)));
const all = (
  await sideBySide(
    lives.map((life) => () => learn(life)),
    Number(values["at-once"]),
  )
).flatMap(enumerate);
console.log(`${lives.length} lives learned in ${((performance.now() - started) / 1000).toFixed(0)} s`);
const groupOf = ({ scenario, fault }: FaultPlan): string => `${scenario.name} / ${fault.name}`;
const shareOf = ({ scenario }: FaultPlan): number => scenario.share ?? 1;
const asked = all.filter((plan) => nameOf(plan).includes(values.only));
const random = seeded(Number(values.seed));
const inProcess = ({ scenario }: FaultPlan): boolean => scenario.start !== startProcess;
/** How many to take: as many as were asked for, or else all of those that were asked for by name. */
const asMany = (option: string | undefined, usual: number): number =>
  values.long ? Number.POSITIVE_INFINITY : Number(option ?? (values.only ? Number.POSITIVE_INFINITY : usual));
const ofProcesses = asked.filter((plan) => !inProcess(plan));
const processes = sampleOf(ofProcesses, asMany(values.processes, 255), groupOf, random, shareOf);
const rest = asMany(values.plans, 1005) - processes.length;
const others = sampleOf(asked.filter(inProcess), rest, groupOf, random, shareOf);
const chosen = shuffled([...processes, ...others], random);
const mistakes = misoperations().filter(({ name }) => name.includes(values.only));
const kindOf = ({ phases }: Scenario): string => phases[1]?.name ?? "";
const erring = sampleOf(mistakes, asMany(values.mistakes, 40), kindOf, random);
const jobsOf = (sleeps: boolean): readonly Job[] =>
  chosen
    .filter(({ fault }) => (fault.sleeps ?? false) === sleeps)
    .map((plan) => async () => verdictOf(plan, await play(house, plan.scenario, plan)));
const mistaken = erring.map((scenario): Job => {
  return async () => misoperationVerdict(scenario, await play(house, scenario, undefined));
});
const count = chosen.length + mistaken.length;
console.log(`seed ${values.seed}: ${count} of ${all.length + misoperations().length} plans`);

const end = values.long ? Number.POSITIVE_INFINITY : started + Number(values.minutes) * 60_000;
await Promise.all([
  sideBySide(shuffled([...jobsOf(false), ...mistaken], random).map(inTime), Number(values["at-once"])),
  sideBySide(jobsOf(true).map(inTime), SLEEPERS),
]);
const played = await cpuTime();
await house.close();
const servers = (await cpuTime()).ended - played.ended;

const enumerated = Map.groupBy(all, ({ fault }) => fault.name);
console.log(
  `\n${tableOf(verdicts, new Map([...enumerated].map(([name, plans]) => [name, plans.length])))}\n`,
);
for (const [name, why] of SKIPPED) console.log(`skipped: ${name}: ${why}`);
const having = (outcome: Verdict["outcome"]): number =>
  verdicts.filter((each) => each.outcome === outcome).length;
const unplayed = count - verdicts.length;
if (unplayed > 0) console.log(`not played in time: ${unplayed}`);
const [passed, failed, skipped] = [having("resilient"), having("failed"), having("inconclusive") + unplayed];
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const each = (spent: number): string => (spent / Math.max(1, verdicts.length)).toFixed(2);
console.log(
  `${verdicts.length} plans in ${minutes} min; CPU each: harness ${each(played.own)} s, ` +
    `processes ${each(played.ended)} s, servers ${each(servers)} s; again with --seed ${values.seed}`,
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

/** Plays one, unless the time is up, and says what is wrong with it. */
function inTime(job: Job): () => Promise<void> {
  return async () => {
    if (performance.now() > end) return;
    const verdict = await job();
    verdicts.push(verdict);
    if (verdicts.length % 50 === 0) console.log(`${verdicts.length} of ${count}`);
    if (verdict.outcome === "failed") console.log(`\n${verdict.plan}\n  ${verdict.findings.join("\n  ")}`);
  };
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
