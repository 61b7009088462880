/**
 * One harness: plays a share of the lives on a server of its own, and tells who started it what comes of them.
 *
 * Started by `main.ts`, which sends the task, then the quota, and gets {@link News}.
 */
import "reflect-metadata";
import { once } from "node:events";
import { cpuTime } from "./cpu.ts";
import { enumerate, type Learned } from "./enumeration.ts";
import type { Life } from "./lives.ts";
import type { News, Quota } from "./news.ts";
import { play } from "./play.ts";
import { openPlayhouse } from "./playhouse.ts";
import { misoperations } from "./scenario/misoperation.ts";
import { SCENARIOS } from "./scenario/scenarios.ts";
import { askedFor, hasProcess, livesOf, mistakesFor, plansFor } from "./selection.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Task } from "./task.ts";
import { misoperationVerdict, type Verdict, verdictOf } from "./verdict.ts";

/** Plans that mostly sleep are played in so many further lanes. */
const SLEEPERS = 4;

type Job = () => Promise<Verdict>;

const started = performance.now();
// Nobody is left to hear how it goes; servers and programs end with this process.
process.once("disconnect", () => process.exit(1));
const [task] = (await once(process, "message")) as [Task];
const end = started + task.minutes * 60_000;
const house = await openPlayhouse();

const lives = livesOf(SCENARIOS, task);
const learned = await sideBySide(
  lives.map((life) => () => learn(life)),
  task.atOnce,
);
const all = learned.flatMap(enumerate);
const asked = askedFor(task, all);
const processes = asked.filter(hasProcess).length;
const enumerated = Map.groupBy(all, ({ scenario }) => scenario.name);
const answer = once(process, "message");
await tell({
  news: "learned",
  lives: lives.length,
  seconds: (performance.now() - started) / 1000,
  processes,
  others: asked.length - processes,
  enumerated: [...enumerated].flatMap(([scenario, plansOf]) =>
    [...Map.groupBy(plansOf, ({ fault }) => fault.name)].map(([fault, { length }]) => ({
      scenario,
      fault,
      plans: length,
    })),
  ),
});
const [quota] = (await answer) as [Quota];
const plans = plansFor({ ...task, ...quota }, asked);
const made = mistakesFor(task, misoperations());
await tell({ news: "chosen", plans: plans.length + made.length });

const jobsOf = (sleeps: boolean): readonly Job[] =>
  plans
    .filter(({ fault }) => (fault.sleeps ?? false) === sleeps)
    .map((plan) => async () => verdictOf(plan, await play(house, plan.scenario, plan)));
const mistaken = made.map((scenario): Job => {
  return async () => misoperationVerdict(scenario, await play(house, scenario, undefined));
});
await Promise.all([
  sideBySide([...mistaken, ...jobsOf(false)].map(inTime), task.atOnce),
  sideBySide(jobsOf(true).map(inTime), SLEEPERS),
]);
const played = await cpuTime();
await house.close();
const { own, ended } = await cpuTime();
await tell({ news: "spent", harness: own, processes: played.ended, servers: ended - played.ended });
process.exit(0);

/** Plays a life undisturbed; what fails without a fault says nothing with one. */
async function learn(life: Life): Promise<Learned> {
  const run = await play(house, life.scenario, undefined);
  if (run.stuck !== undefined || run.broken.length > 0)
    throw new Error(`${life.scenario.name} fails undisturbed: ${[run.stuck, ...run.broken].join("; ")}`);
  return { ...life, run };
}

/** Plays one, unless the time is up. */
function inTime(job: Job): () => Promise<void> {
  return async () => {
    if (performance.now() <= end) await tell({ news: "played", verdict: await job() });
  };
}

async function tell(news: News): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.send?.(news, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}
