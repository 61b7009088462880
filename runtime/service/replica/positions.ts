/** Where the log of a database ends: which database it is, and how far. */
export interface Position {
  /** System identifier and timeline: ends of different ones say nothing of each other. */
  readonly cluster: string;
  /** Octets from the beginning of the log. */
  readonly end: bigint;
}

/** What is known of where a primary's log ended, and when. */
export interface Positions {
  /** The primary's log ended there at some moment that was not before `at`, in ms by the own clock. */
  told(position: Position, at: number): void;
  /**
   * A time by which everything that was committed is in a log that ends there, in ms by the own clock; undefined when that
   * was longer ago than is remembered, or in another log.
   */
  asOf(position: Position): number | undefined;
}

/**
 * Tells how old a copy of a database is by how far its log goes, with one clock: nothing is written for it, clocks of two
 * machines are never compared, and a primary on which nothing happens is not behind itself.
 *
 * @param keptMs how long is remembered.
 */
export function rememberPositions(keptMs: number): Positions {
  let cluster = "";
  /** Ends and times both grow. */
  let known: { readonly end: bigint; readonly at: number }[] = [];
  return {
    told(position, at) {
      const last = known.at(-1);
      if (last !== undefined && at < last.at) return;
      // A log that is another, or shorter than it was: what was known was of a database that is no more.
      if (position.cluster !== cluster || (last !== undefined && position.end < last.end)) known = [];
      cluster = position.cluster;
      if (known.at(-1)?.end === position.end) known.pop();
      known.push({ end: position.end, at });
      known = known.filter((each) => at - each.at <= keptMs);
    },
    asOf(position) {
      if (position.cluster !== cluster) return undefined;
      return known.findLast(({ end }) => end <= position.end)?.at;
    },
  };
}
