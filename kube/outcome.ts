import type { Failure } from "./failure.ts";
import type { Restraint } from "./restraint.ts";

/** What a reconcile came to. */
export interface Outcome {
  /** Requests that changed something: 0 when all was well. */
  readonly writes: number;
  /** Something was written or done, so another look at the world is due now. */
  readonly again: boolean;
  /** Look again after this many ms. */
  readonly recheckAfter?: number | undefined;
  readonly failures: readonly Failure[];
}

/** No planned look comes sooner, in ms. */
const SOONEST = 1_000;
/** Something that ends by itself or through others is looked at again this often, in ms. */
const WAITING = 5_000;
/** So is a cluster that is away; its return wakes the resource anyway, in ms. */
const AWAY = 30_000;

/** An outcome whose next look is the earliest of what the plan, the failures and a pause ask for. */
export function outcome({
  writes,
  again,
  failures,
  restraint,
  now,
  recheckAfter,
}: Omit<Outcome, "recheckAfter"> & {
  readonly restraint: Restraint;
  readonly now: Date;
  readonly recheckAfter?: number | undefined;
}): Outcome {
  const waits = failures.map(({ kind, reason }) =>
    kind === "waiting" ? (reason === "ClusterUnavailable" ? AWAY : WAITING) : Number.POSITIVE_INFINITY,
  );
  const pause = restraint.pausedUntil
    ? restraint.pausedUntil.getTime() - now.getTime()
    : Number.POSITIVE_INFINITY;
  // A plan whose date has passed must not become a loop.
  const soonest = Math.max(SOONEST, Math.min(recheckAfter ?? Number.POSITIVE_INFINITY, pause, ...waits));
  return { writes, again, failures, recheckAfter: Number.isFinite(soonest) ? soonest : undefined };
}
