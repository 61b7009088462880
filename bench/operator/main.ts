import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OPERATOR_NODE } from "../../deploy/operator.ts";
import { buildControllerRuntime } from "./build.ts";
import { type Convergence, converge, type Program } from "./convergence.ts";
import { handover, moments } from "./moments.ts";
import { convergenceRows, kept, momentRows, type Round } from "./results.ts";
import { startWorld } from "./world.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "100,500,1000" },
    /** Of each size; the median counts. */
    rounds: { type: "string", default: "5,3,3" },
    /** Partners in place when single new ones are timed. */
    place: { type: "string", default: "1000" },
    /** Objects in the caches when memory is read. */
    cached: { type: "string", default: "10000" },
    concurrency: { type: "string", default: "10" },
  },
});
const sizes = values.sizes.split(",").map(Number);
const { concurrency } = values;
const objects = join(import.meta.dirname, "objects.json");
const common = ["--objects", objects, "--concurrency", concurrency];
const node = (file: string, ...more: readonly string[]) => ({
  command: process.execPath,
  args: [join(import.meta.dirname, file), ...common, ...more],
});
const kit = node("kit.ts");
const programs: Readonly<Record<keyof Round, Program>> = {
  loop: { name: "bare loop, objects alone", ...node("raw.ts"), isLoop: true },
  own: { name: "bare loop, same writes", ...node("raw.ts", "--own"), isLoop: true },
  // As the operator's container starts it.
  kit: { name: "this kit", ...kit, args: [...OPERATOR_NODE, ...kit.args], isLoop: false },
  go: {
    name: "controller-runtime",
    command: await buildControllerRuntime(),
    args: common,
    isLoop: false,
  },
};

const templates = await readFile(objects, "utf8");
const rounds = new Map<number, Round[]>();
const world = await startWorld(templates);
try {
  // The first measurement warms the server up and is thrown away.
  await converge(programs.own, world, 50);
  const seen = {
    count: Number(values.place),
    moments: await moments(programs.kit, world, Number(values.place), Number(values.cached)),
    handover: await handover(programs.kit, world),
  };
  const times = values.rounds.split(",").map(Number);
  for (const [index, size] of sizes.entries()) {
    const measured: Round[] = [];
    for (let round = 0; round < (times[index] ?? 1); round += 1) measured.push(await oneRound(size, round));
    rounds.set(size, measured);
    console.error(convergenceRows(rounds, programs));
  }
  console.log(`${convergenceRows(rounds, programs)}\n\n${momentRows(seen)}\n`);
  const verdicts = kept(rounds, seen);
  for (const { what, isKept } of verdicts) console.log(`${isKept ? "kept" : "NOT KEPT"}: ${what}`);
  if (verdicts.some(({ isKept }) => !isKept)) process.exitCode = 1;
} finally {
  await world.stop();
}

/** Everybody once; who begins changes from round to round, so that a change of load favours nobody. */
async function oneRound(size: number, round: number): Promise<Round> {
  const names = Object.keys(programs) as (keyof Round)[];
  const turned = [...names.slice(round % names.length), ...names.slice(0, round % names.length)];
  const results: Partial<Record<keyof Round, Convergence>> = {};
  for (const name of turned) {
    const result = await converge(programs[name], world, size);
    results[name] = result;
    console.error(`${size} ${programs[name].name}: ${result.seconds.toFixed(1)} s, ${result.writes} writes`);
  }
  return results as Round;
}
