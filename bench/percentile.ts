/** A set of measured times in a few numbers, all in ms. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The summary of some times.
 *
 * Percentiles are by nearest rank: a value that was measured, with at least that share at or below it.
 *
 * @throws RangeError when there are none.
 */
export function summaryOf(times: readonly number[]): Summary {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    if (value === undefined) throw new RangeError("There is no percentile of nothing.");
    return value;
  };
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
