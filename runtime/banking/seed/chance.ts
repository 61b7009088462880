/** Numbers that look random and are the same each time. */
export interface Chance {
  /** At least `from`, less than `to`. */
  between(from: number, to: number): number;
  /** Whole; both ends are possible. */
  whole(from: number, to: number): number;
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T;
}

/** A sequence that depends on `seed` alone (mulberry32: 32 bits of state, good enough to invent shopping). */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + next() * (to - from);
  const whole = (from: number, to: number): number => Math.floor(between(from, to + 1));
  return {
    between,
    whole,
    pick(list) {
      const chosen = list[whole(0, list.length - 1)];
      if (chosen === undefined) throw new Error("There is nothing to pick from.");
      return chosen;
    },
  };
}
