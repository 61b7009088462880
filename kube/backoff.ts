/** Random number in [0, 1). */
export type Random = () => number;

/** How waiting grows from one failure to the next. */
export interface Backoff {
  /** The first wait, in ms. */
  readonly baseMs: number;
  /** No wait is longer, jitter included, in ms. */
  readonly capMs: number;
  readonly factor: number;
  /** Share of the wait that is random, 0 to 1: 0.5 gives 50–100 % of it. */
  readonly jitter: number;
}

/** The reflector's: client-go's numbers. */
export const watchBackoff: Backoff = { baseMs: 800, capMs: 30_000, factor: 2, jitter: 0.5 };

/** A key's in the work queue: quick at first, two minutes at most. */
export const workBackoff: Backoff = { baseMs: 5, capMs: 120_000, factor: 2, jitter: 0.2 };

/**
 * The wait before the next attempt, in ms.
 *
 * @param failures how many attempts failed so far, from 1.
 */
export function backoffDelay(
  { baseMs, capMs, factor, jitter }: Backoff,
  failures: number,
  random: Random,
): number {
  const full = Math.min(capMs, baseMs * factor ** Math.min(failures - 1, 64));
  return full * (1 - jitter * random());
}
