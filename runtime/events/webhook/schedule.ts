const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Pushes of a notification are given up this long after the first; then it waits to be polled, and is not lost. */
export const GIVE_UP_AFTER_MS = 72 * HOUR_MS;
const FIRST_PAUSE_MS = 5 * SECOND_MS;
const LONGEST_PAUSE_MS = HOUR_MS;

/** Rounds in a row without an answer from which on a receiver is taken to be away. */
export const BREAKER_AFTER = 3;
const FIRST_OPEN_MS = 10 * SECOND_MS;
const LONGEST_OPEN_MS = 600 * SECOND_MS;

/**
 * When a notification is pushed again after a failure: 5 s, 10 s, … an hour, each shortened by up to half at random so
 * that receivers which come back are not met by everybody at once.
 *
 * @param attempts pushes so far, at least one.
 * @param random at least 0 and below 1.
 * @returns undefined when three days since the first push would be over: it is given up.
 */
export function nextPush(
  { attempts, firstPushAt }: { readonly attempts: number; readonly firstPushAt: Date },
  now: Date,
  random: number,
): Date | undefined {
  const pause = growing(FIRST_PAUSE_MS, attempts - 1, LONGEST_PAUSE_MS) * (1 - random / 2);
  const at = now.getTime() + pause;
  return at > firstPushAt.getTime() + GIVE_UP_AFTER_MS ? undefined : new Date(at);
}

/** A receiver's breaker. */
export interface Breaker {
  /** Rounds in a row without an answer. */
  readonly failures: number;
  /** Nothing is pushed before; then one notification tries. */
  readonly openUntil: Date | undefined;
}

/** The breaker after a round of pushes in which nothing, or something, was answered. */
export function breakerAfter(before: number, answered: boolean, now: Date, random: number): Breaker {
  if (answered) return { failures: 0, openUntil: undefined };
  const failures = before + 1;
  if (failures < BREAKER_AFTER) return { failures, openUntil: undefined };
  const open = growing(FIRST_OPEN_MS, failures - BREAKER_AFTER, LONGEST_OPEN_MS) * (1 - random / 2);
  return { failures, openUntil: new Date(now.getTime() + open) };
}

function growing(first: number, doublings: number, longest: number): number {
  return Math.min(first * 2 ** Math.min(doublings, 30), longest);
}
