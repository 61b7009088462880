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
