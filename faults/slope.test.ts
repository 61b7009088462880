import { expect, test } from "vitest";
import { slopeOf, stretchesOf } from "./slope.ts";

test("points on a line give its slope, with certainty", () => {
  const points = Array.from({ length: 20 }, (_, x) => [x, 3 * x + 1] as const);
  expect(slopeOf(points).value).toBeCloseTo(3);
  expect(slopeOf(points).below).toBeCloseTo(3);
});

test("noise around a constant widens the bound, which stays near it", () => {
  const points = Array.from({ length: 40 }, (_, x) => [x, x % 2] as const);
  const { value, below } = slopeOf(points);
  expect(Math.abs(value)).toBeLessThan(0.01);
  expect(below).toBeGreaterThan(value);
  expect(below).toBeLessThan(0.1);
});

test("stretches are the means of equal parts, and the end of a series is never left out", () => {
  const points = Array.from({ length: 23 }, (_, x) => [x, x < 13 ? 0 : 6] as const);
  expect(stretchesOf(points, 2)).toEqual([
    [6, 0],
    [17, 60 / 11],
  ]);
});

test("a series that wanders is known less well by its stretches than its neighbours pretend", () => {
  // Ten steps at one height, then ten at another: 40 heights, not 400 witnesses.
  const points = Array.from({ length: 400 }, (_, x) => [x, Math.floor(x / 10) % 4 < 2 ? 0 : 1] as const);
  const width = (of: readonly (readonly [number, number])[]): number => slopeOf(of).below - slopeOf(of).value;
  expect(width(stretchesOf(points, 40))).toBeGreaterThan(2 * width(points));
});
