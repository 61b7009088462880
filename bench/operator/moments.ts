import type { Contestant } from "./contestant.ts";
import { type Program, settled, start } from "./convergence.ts";
import { watchFirstObject, watchPartners } from "./witness.ts";
import type { BenchWorld } from "./world.ts";

/** How soon somebody who waits is served, in ms, and what memory it takes. */
export interface Moments {
  /** A new Partner's first object, behind the second look at all others after a start. */
  readonly behindResync: number;
  /** The same behind a change of every other Partner. */
  readonly behindChange: number;
  /** MiB resident at rest, with so many objects in the caches. */
  readonly memory: number;
  readonly cached: number;
}

/** Objects per Partner in the caches: its own and the Partner. */
const PER_PARTNER = 9;

/**
 * Measures one controller with many Partners in place; the world is empty before and after.
 *
 * @param cached objects in its caches when memory is read.
 */
export async function moments(
  program: Program,
  world: BenchWorld,
  count: number,
  cached: number,
): Promise<Moments> {
  const witness = await watchPartners(world.admin);
  try {
    const many = await world.create(count, "p");
    const first = await start(program, world);
    first.begin();
    await witness.ready(count);
    await first.end("SIGKILL");

    const second = await start(program, world);
    const behindResync = await firstObject(world, "resync", async () => second.begin());
    await witness.ready(count + 1);

    // Stopped while the changes are made, so that it meets them all at once.
    second.signal("SIGSTOP");
    await world.rename(many, "Renamed");
    second.signal("SIGCONT");
    const behindChange = await firstObject(world, "change", () => deep(second, count / 2));
    await witness.ready(count + 2);

    const more = Math.max(0, Math.ceil(cached / PER_PARTNER) - count - 2);
    await world.create(more, "m");
    await witness.ready(count + 2 + more);
    await settled(second, 0);
    const { rss } = await second.usage();
    await second.end("SIGKILL");
    return { behindResync, behindChange, memory: rss, cached: (count + 2 + more) * PER_PARTNER };
  } finally {
    await witness.stop();
    await world.clear();
  }
}

/** How long the change of a leader holds up a new Partner, in ms. */
export interface Handover {
  /** The leader was killed (SIGKILL). */
  readonly crash: number;
  /** The leader was asked to end (SIGTERM). */
  readonly graceful: number;
}

/** Measures both with a standby at hand. */
export async function handover(program: Program, world: BenchWorld): Promise<Handover> {
  const begin = async (identity: string): Promise<Contestant> => {
    const contestant = await start(program, world, "--identity", identity);
    contestant.begin();
    return contestant;
  };
  try {
    const first = await begin("first");
    await firstObject(world, "before", async () => {});
    const second = await begin("second");
    const crash = await firstObject(world, "crash", () => first.end("SIGKILL"));
    const third = await begin("third");
    const graceful = await firstObject(world, "graceful", async () => second.signal("SIGTERM"));
    await Promise.all([second.end("SIGTERM"), third.end("SIGTERM")]);
    return { crash, graceful };
  } finally {
    await world.clear();
  }
}

/** Does something, creates a Partner, and returns how long after that its first object was there, in ms. */
async function firstObject(world: BenchWorld, prefix: string, before: () => Promise<void>): Promise<number> {
  const witness = await watchFirstObject(world.admin, `${prefix}-0000`);
  await before();
  const began = performance.now();
  const [, at] = await Promise.all([world.create(1, prefix), witness.seen.then(() => performance.now())]);
  await witness.stop();
  console.error(`${prefix}: first object after ${Math.round(at - began)} ms`);
  return at - began;
}

/** Waits until so many keys wait. */
async function deep(contestant: Contestant, keys: number): Promise<void> {
  while ((await contestant.report()).open < keys) await new Promise((resolve) => setTimeout(resolve, 10));
}
