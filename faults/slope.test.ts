import { expect, test } from "vitest";
import { slopeOf } from "./slope.ts";

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
