import type { Condition } from "./condition.ts";
import { conditionOf, secondsOf } from "./condition.ts";
import type { PastFailure } from "./plan.ts";

/** How many failures are remembered. */
const REMEMBERED = 10;
/** Longest message of one, in characters. */
const LONGEST = 1_024;
/** The condition that tells most of a failure comes first: the same words are remembered once. */
const TELLING = ["Stalled", "Synced", "Ready"] as const;
/** Reasons of `Synced=False` that a person asked for. */
const ASKED_FOR = new Set(["Paused", "PlanOnly"]);

/**
 * The last failures, newest first, out of those known and of how the conditions changed.
 *
 * A failure begins when `Stalled` appears, `Synced` becomes False (or either names another reason), or `Ready` falls.
 * One that comes back moves to the front with its new time: what flaps does not push out what happened once.
 */
export function historyOf(
  known: readonly PastFailure[] | undefined,
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
  now: Date,
): readonly PastFailure[] {
  const begun = TELLING.flatMap((type): readonly PastFailure[] => {
    const [old, present] = [conditionOf(before, type), conditionOf(after, type)];
    if (!present || !begins(old, present)) return [];
    const { reason, message } = present;
    return [{ at: secondsOf(now), reason, message: message.slice(0, LONGEST) }];
  });
  const all = [...begun, ...(known ?? [])];
  return all.filter((each, at) => all.findIndex(alike(each)) === at).slice(0, REMEMBERED);
}

function begins(old: Condition | undefined, { type, status, reason }: Condition): boolean {
  switch (type) {
    case "Stalled":
      return status === "True" && old?.reason !== reason;
    case "Synced":
      return (
        status === "False" && !ASKED_FOR.has(reason) && (old?.status !== "False" || old.reason !== reason)
      );
    default:
      return status === "False" && old?.status === "True";
  }
}

function alike({ reason, message }: PastFailure): (other: PastFailure) => boolean {
  return (other) => other.reason === reason && other.message === message;
}
