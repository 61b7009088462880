import { Contestant, type Usage } from "./contestant.ts";
import type { Report } from "./conversation.ts";
import type { BenchWorld } from "./world.ts";
import { watchPartners } from "./witness.ts";

/** Who is measured, and how it is started. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** It only sends; else it is a controller. */
  readonly isLoop: boolean;
}

/** How one program brought a number of new Partners about, and what it did afterwards. */
export interface Convergence {
  /** From "go" to the last Partner's `Ready` and `Synced`, in seconds. */
  readonly seconds: number;
  readonly writes: number;
  readonly reads: number;
  /** Processor seconds of the program over that time. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
  /** Writes of a second process that finds everything in place; undefined for the loop, which would send all again. */
  readonly secondPass: number | undefined;
}

/** Measures one program with so many new Partners, in a world that is empty before and after. */
export async function converge(program: Program, world: BenchWorld, count: number): Promise<Convergence> {
  const made = await world.create(count, "p");
  try {
    if (program.isLoop) return await rawLoop(program, world, made);
    const witness = await watchPartners(world.admin);
    const first = await start(program, world);
    const before = await first.report();
    const used = await first.usage();
    const began = performance.now();
    first.begin();
    await witness.ready(count);
    const seconds = (performance.now() - began) / 1000;
    const [after, usage] = [await first.report(), await first.usage()];
    await first.end("SIGKILL");
    await witness.stop();
    return {
      ...taken(seconds, before, after, used, usage),
      secondPass: await secondPass(program, world, count),
    };
  } finally {
    await world.clear();
  }
}

/** Starts a controller; it waits for its "go". */
export function start(program: Program, world: BenchWorld, ...more: readonly string[]): Promise<Contestant> {
  return Contestant.start(program.command, [...program.args, "--access", world.access, ...more]);
}

/** Waits until every Partner was looked at and nothing is left to do. */
export async function settled(contestant: Contestant, reconciles: number): Promise<Report> {
  for (;;) {
    const report = await contestant.report();
    if (report.reconciles >= reconciles && report.open === 0) return report;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function secondPass(program: Program, world: BenchWorld, count: number): Promise<number> {
  const second = await start(program, world);
  const before = await second.report();
  second.begin();
  const after = await settled(second, count);
  await second.end("SIGKILL");
  return writesOf(after) - writesOf(before);
}

async function rawLoop(program: Program, world: BenchWorld, made: readonly unknown[]): Promise<Convergence> {
  const partners = await world.file("partners.json", made);
  const loop = await start(program, world, "--partners", partners);
  const before = await loop.report();
  const used = await loop.usage();
  const began = performance.now();
  loop.begin();
  let after = before;
  while (after.open > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    after = await loop.report();
  }
  const seconds = (performance.now() - began) / 1000;
  const usage = await loop.usage();
  await loop.end("SIGKILL");
  return { ...taken(seconds, before, after, used, usage), secondPass: undefined };
}

function taken(
  seconds: number,
  before: Report,
  after: Report,
  used: Usage,
  usage: Usage,
): Omit<Convergence, "secondPass"> {
  return {
    seconds,
    writes: writesOf(after) - writesOf(before),
    reads: (after.requests["GET"] ?? 0) - (before.requests["GET"] ?? 0),
    cpu: usage.cpu - used.cpu,
    peak: usage.peak,
  };
}

/** Requests that change something. */
export function writesOf({ requests }: Report): number {
  return Object.entries(requests).reduce((sum, [method, count]) => sum + (method === "GET" ? 0 : count), 0);
}
