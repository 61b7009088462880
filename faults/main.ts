/**
 * `npm run test:faults`: plays every life of every scenario once undisturbed, then with faults, and says how each came out.
 *
 * A life goes on for one phase after the fault, then ends; `--whole` lives go on to the end of their scenario.
 * `--plans N`, `--processes N` (of those, processes that are killed), `--mistakes N` (of people, besides) and `--seed N`
 * choose the sample; after `--minutes N` no plan is begun any more, and what was not played counts as skipped. `--long`
 * plays all plans, `--share 3/8` those of every eighth life, so that a long run can be done in parts. `--only TEXT` plays
 * the plans whose name contains it. `--harnesses N` play side by side, each `--at-once N` plans.
 */
import { writeFile } from "node:fs/promises";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { heard, type News, type Quota, type Repertoire, SILENCE } from "./news.ts";
import { quotasFor } from "./quota.ts";
import { countWithin, type Share, shareWithin } from "./share.ts";
import { outcomeOf, reportOf, summaryOf } from "./summary.ts";
import { type Order, orderFrom, type Task } from "./task.ts";

const started = performance.now();
const { task, harnesses, report } = order();
let told = SILENCE;
const troupes = Array.from({ length: harnesses }, (_, index) =>
  troupe(partOf(task, { index, of: harnesses }), index + 1),
);
const quotas = quotasFor(task, await Promise.all(troupes.map(({ learned }) => learned)));
for (const [index, quota] of quotas.entries()) troupes[index]?.play(quota);
await Promise.all(troupes.map(({ ended }) => ended));
for (const line of summaryOf(told)) console.log(line);
const { passed, failed, skipped } = outcomeOf(told);
const { harness, processes, servers } = told.spent;
const all = harness + processes + servers;
const played = told.verdicts.length + told.lives;
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(
  `${told.verdicts.length} plans in ${minutes} min; CPU ${all.toFixed(0)} s, ${(all / Math.max(1, played)).toFixed(2)} s ` +
    `for each life, the ${told.lives} that were learned included: harness ${harness.toFixed(0)} s, ` +
    `processes ${processes.toFixed(0)} s, servers ${servers.toFixed(0)} s; again with --seed ${task.seed}`,
);
if (report !== undefined) await writeFile(report, JSON.stringify(reportOf(told)));
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** What the command line asks for; who mistyped it is told, and nothing is played. */
function order(): Order {
  try {
    return orderFrom(process.argv.slice(2), Date.now() % 1_000_000);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error("docs/reliability.md says what each option does.");
    process.exit(2);
  }
}

/** What falls to one of several harnesses, before it is known how many plans each has. */
function partOf(whole: Task, part: Share): Task {
  return {
    ...whole,
    share: shareWithin(whole.share, part),
    mistakes: countWithin(whole.mistakes, part),
  };
}

/** One harness, and what it does in its turn. */
interface Troupe {
  /** What it could play; nothing when it ended before it knew. */
  readonly learned: Promise<Pick<Repertoire, "processes" | "others">>;
  readonly play: (quota: Quota) => void;
  readonly ended: Promise<void>;
}

/** Starts one harness with its part. */
function troupe(part: Task, number: number): Troupe {
  // Infinity is no number in JSON.
  const child = fork(join(import.meta.dirname, "troupe.ts"), { serialization: "advanced" });
  const learned = Promise.withResolvers<Pick<Repertoire, "processes" | "others">>();
  let whole = false;
  child.on("message", (news: News) => {
    told = heard(told, news);
    if (news.news === "learned") learned.resolve(news);
    whole ||= news.news === "spent";
    say(news, number);
  });
  child.send(part);
  const ended = once(child, "close").then(([code, signal]: readonly (number | string | null)[]) => {
    learned.resolve({ processes: 0, others: 0 });
    if (whole) return;
    const reason = `harness ${number} of ${harnesses} ended with ${signal ?? code} before it was done`;
    told = { ...told, lost: [...told.lost, reason] };
  });
  return {
    learned: learned.promise,
    // One that has ended meanwhile is told of when it ended.
    play: (quota) => child.connected && child.send(quota, () => undefined),
    ended,
  };
}

/** Says how it goes while it goes. */
function say(news: News, number: number): void {
  const who = `harness ${number} of ${harnesses}`;
  if (news.news === "learned") {
    const { lives, seconds, processes, others } = news;
    console.log(
      `${who}: ${lives} lives learned in ${seconds.toFixed(0)} s, to which ${others} faults can come, and ` +
        `${processes} that end or freeze a process`,
    );
  } else if (news.news === "chosen") {
    console.log(`${who}: seed ${task.seed}: ${news.plans} plans to play`);
  } else if (news.news === "played") {
    if (told.verdicts.length % 50 === 0) console.log(`${told.verdicts.length} of ${told.plans}`);
    const { outcome, plan, findings } = news.verdict;
    if (outcome === "failed") console.log(`\n${plan}\n  ${findings.join("\n  ")}`);
  }
}
