/** A sequence of numbers from 0 to below 1 that depends on its seed alone (mulberry32), so that a run can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The items in an order that the random numbers decide (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const order = [...items];
  for (let end = order.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1));
    [order[end], order[other]] = [order[other] as T, order[end] as T];
  }
  return order;
}

/**
 * So many of the items, spread evenly over their groups: every group gives one before any gives two.
 *
 * @param shareOf a group of share 1/3 gives one in the first round and in every third after it.
 * @returns all of them when there are fewer.
 */
export function sampleOf<T>(
  items: readonly T[],
  count: number,
  groupOf: (item: T) => string,
  random: () => number,
  shareOf: (item: T) => number = () => 1,
): readonly T[] {
  const groups = [...Map.groupBy(shuffled(items, random), groupOf).values()];
  const chosen: T[] = [];
  for (let round = 0; chosen.length < Math.min(count, items.length); round++)
    for (const group of groups) {
      const share = group[0] === undefined ? 1 : shareOf(group[0]);
      const before = Math.ceil(round * share);
      const next = Math.ceil((round + 1) * share) > before ? group[before] : undefined;
      if (next !== undefined && chosen.length < count) chosen.push(next);
    }
  return chosen;
}
