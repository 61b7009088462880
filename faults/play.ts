import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject } from "../kube/object.ts";
import { cornerOf } from "./corner.ts";
import { sweep } from "./sweep.ts";
import type { FaultClass } from "./fault-classes.ts";
import type { Historian } from "./historian.ts";
import { brokenInvariants } from "./invariants.ts";
import type { Phase, Scenario } from "./scenario/scenario.ts";
import { countsOf, differencesOf, type Snapshot, snapshotsOf } from "./snapshot.ts";
import { Stage, type Theatre, type Write } from "./stage.ts";
import type { Variant } from "./subject.ts";

/** One fault at one write of one scenario. */
export interface FaultPlan {
  readonly scenario: Scenario;
  readonly fault: FaultClass;
  /** The write that it meets, as the learn run saw it. */
  readonly at: Pick<Write, "what" | "nth">;
  /** The undisturbed run. */
  readonly wanted: Run;
}

/** The name by which a plan can be run again. */
export function nameOf({ scenario, fault, at }: FaultPlan): string {
  return `${scenario.name} / ${fault.name} / ${at.what} #${at.nth}`;
}

/** What a run came to. */
export interface Run {
  /** What was there at the end of each phase, by phase. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** How often each thing was created and deleted. */
  readonly counts: ReadonlyMap<string, string>;
  readonly broken: readonly string[];
  readonly writes: readonly Write[];
  /** From the end of the fault to the end of the phase it struck, in ms; undefined: it struck nothing. */
  readonly recoveredAfter: number | undefined;
  /** Why the run was given up. */
  readonly stuck: string | undefined;
}

/** What plans are played in. */
export interface Playhouse {
  readonly theatre: Theatre;
  readonly historian: Historian;
  /** A number that no run has had. */
  readonly next: () => number;
}

/**
 * Every phase is over within this time after its change and the end of any fault in it, in ms.
 *
 * Alone on a machine a phase takes a fifth of a second; the rest is for machines that do other things as well.
 */
export const LIVENESS = 60_000;
/** Between looks whether a phase is over, in ms. */
const LOOK = 10;
/** Nothing has happened for so long: a phase is over, in ms. */
const QUIET = 120;
/** What differs from the undisturbed run then has this long to come right, in ms. */
const PATIENCE = 10_000;

/** Plays a scenario, undisturbed or with one fault, in a corner of its own. */
export async function play(
  { theatre, historian, next }: Playhouse,
  scenario: Scenario,
  plan: FaultPlan | undefined,
  variant: Variant = {},
  liveness = LIVENESS,
): Promise<Run> {
  const corner = cornerOf(next());
  const history = historian.open(corner.token);
  const stage = new Stage(theatre, corner, history, {
    start: scenario.start,
    variant,
    pace: plan?.fault.pace ?? 1,
  });
  let struckAt: number | undefined;
  if (plan) {
    const { at, fault } = plan;
    stage.onWrite = (write) => {
      if (struckAt !== undefined || write.what !== at.what || write.nth !== at.nth) return undefined;
      struckAt = performance.now();
      return fault.strike(stage, write);
    };
  }
  const snapshots = new Map<string, Snapshot>();
  const look = snapshotsOf(corner);
  let recoveredAfter: number | undefined;
  let stuck: string | undefined;
  try {
    await scenario.prepare(stage);
    stage.phase = scenario.phases[0]?.name ?? "";
    await stage.start();
    for (const [index, phase] of scenario.phases.entries()) {
      stage.phase = phase.name;
      await phase.change(stage);
      if (plan?.fault.staysDown && stage.down) await stage.revive();
      const lasts = plan?.fault.lasts ?? 0;
      const next = scenario.phases[index + 1];
      const mayBeDown = plan?.fault.staysDown === true && next !== undefined && !next.afterPrevious;
      const skipped = await arrive(stage, phase, liveness + lasts, mayBeDown);
      if (skipped) continue;
      // Who was skipped over is caught up with at the end.
      const counts = plan?.fault.staysDown !== true || index === scenario.phases.length - 1;
      const wanted = plan?.wanted.snapshots.get(phase.name) ?? snapshots.get(phase.endsAs ?? "");
      const snapshot = await settled(() => look(history.live), counts ? wanted : undefined);
      if (struckAt !== undefined) recoveredAfter ??= Math.max(0, performance.now() - struckAt - lasts);
      if (!counts) continue;
      snapshots.set(phase.name, snapshot);
      // It has failed; at the end of every further phase it would only be waited for in vain.
      if (wanted && differencesOf(wanted, snapshot).length > 0) break;
    }
    if (stage.down) await stage.revive();
  } catch (error) {
    stuck = error instanceof Error ? error.message : String(error);
  }
  await stage.stop();
  const events = history.events();
  await sweep(theatre.admin, [...history.live.values()]);
  historian.close(corner.token);
  return {
    snapshots,
    counts: countsOf(
      events.filter(({ object }) => isUnderTest(object)),
      corner,
    ),
    broken: [
      ...brokenInvariants(events),
      ...stage.found,
      ...stage.staleReads.map((path) => `a read that may be answered from an old cache: ${path}`),
    ],
    writes: stage.writes,
    recoveredAfter,
    stuck,
  };
}

/** Waits for the end of a phase. @returns whether it was left because the programs are to stay down. */
async function arrive(
  stage: Stage,
  { name, reached }: Phase,
  ms: number,
  mayBeDown: boolean,
): Promise<boolean> {
  for (let left = ms; ;) {
    if (stage.down && mayBeDown) return true;
    if (stage.down) await stage.revive();
    const missing = reached(stage);
    const quiet = performance.now() - stage.history.latest > QUIET;
    if (missing === true && quiet && !stage.down) return false;
    if (left < 0)
      throw new Error(
        `"${name}" was not over after ${ms} ms: ${missing === true ? "it never rests" : missing}`,
      );
    const waited = await pause(LOOK);
    // How long a fault itself lasts does not count.
    if (!stage.faulty) left -= waited;
  }
}

/** Waits. @returns how much of it counts: on a machine that has no time for us it takes many times as long, which is not the programs' fault. */
async function pause(ms: number): Promise<number> {
  const before = performance.now();
  await delay(ms);
  return Math.min(performance.now() - before, 2 * ms);
}

/** What is there at the end of a phase, as soon as it is what is wanted, or else after some patience. */
async function settled(look: () => Snapshot, wanted: Snapshot | undefined): Promise<Snapshot> {
  for (let left = PATIENCE; ;) {
    const snapshot = look();
    const right = !wanted || differencesOf(wanted, snapshot).length === 0;
    if (right || left < 0) return snapshot;
    left -= await pause(5 * LOOK);
  }
}

/** Created and deleted by the programs, not by the harness. */
function isUnderTest({ kind, metadata }: KubeObject): boolean {
  return metadata.labels?.["app.kubernetes.io/managed-by"] !== undefined && kind !== "Lease";
}
