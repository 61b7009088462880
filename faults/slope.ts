/** A line through points, by least squares. */
export interface Slope {
  /** Per unit of x. */
  readonly value: number;
  /** With 97.5 % confidence the true slope is below this. */
  readonly below: number;
}

/** How fast something grows, and how fast it can be said to grow at most; at least ten points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / n;
  const [middleX, middleY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
  const value = points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0) / spread;
  const rest = points.reduce((sum, [x, y]) => sum + (y - middleY - value * (x - middleX)) ** 2, 0);
  // Student's t for ten points and more is below 2.31.
  return { value, below: value + 2.31 * Math.sqrt(rest / (n - 2) / spread) };
}

/**
 * The means of so many stretches of a series, one after the other.
 *
 * What a process holds at one look it mostly holds at the next, so that neighbours tell much the same. Taken for separate
 * witnesses they would promise a certainty that nobody has; stretches that are long beside such a memory are separate.
 *
 * @param count at least ten, for {@link slopeOf}; what is left over at the beginning is left out.
 */
export function stretchesOf(
  points: readonly (readonly [x: number, y: number])[],
  count: number,
): readonly (readonly [x: number, y: number])[] {
  const length = Math.floor(points.length / count);
  const rest = points.slice(points.length - length * count);
  return Array.from({ length: count }, (_, index) => {
    const stretch = rest.slice(index * length, (index + 1) * length);
    const mean = (pick: 0 | 1): number => stretch.reduce((sum, point) => sum + point[pick], 0) / length;
    return [mean(0), mean(1)] as const;
  });
}
