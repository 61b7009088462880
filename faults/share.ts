/** One of several parts of something that is played in parts. */
export interface Share {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** The whole. */
export const ALL: Share = { index: 0, of: 1 };

/** @param text as people write it, from 1: `3/8`. @throws Error when it is none. */
export function shareFrom(text: string): Share {
  const [, part = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (part < 1 || part > of) throw new Error(`"${text}" is no share; the third of eight is written 3/8.`);
  return { index: part - 1, of };
}

/** Every so manieth item; the shares of all indices together have each item once. */
export function shareOf<T>(items: readonly T[], { index, of }: Share): readonly T[] {
  return items.filter((_, at) => at % of === index);
}

/** A part of a share. */
export function shareWithin({ index, of }: Share, part: Share): Share {
  return { index: index + of * part.index, of: of * part.of };
}

/** How many of so many fall to a share: the counts of all shares add up. */
export function countWithin(count: number, { index, of }: Share): number {
  return Number.isFinite(count) ? Math.floor((count + of - 1 - index) / of) : count;
}

/**
 * Deals so many out, one at a time to whoever carries least and has room for it: nothing that somebody has room for is left.
 *
 * @param held what each carries before, in the same measure.
 */
export function dealt(
  count: number,
  rooms: readonly number[],
  held: readonly number[] = rooms.map(() => 0),
): readonly number[] {
  const given = rooms.map(() => 0);
  const load = (index: number): number => (held[index] ?? 0) + (given[index] ?? 0);
  for (let left = count; left > 0; left--) {
    const free = [...rooms.keys()].filter((index) => (given[index] ?? 0) < (rooms[index] ?? 0));
    if (free.length === 0) break;
    const next = free.reduce((least, index) => (load(index) < load(least) ? index : least));
    given[next] = (given[next] ?? 0) + 1;
  }
  return given;
}
