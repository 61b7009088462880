import { expect, test } from "vitest";
import type { Convergence } from "./convergence.ts";
import { median, type Round, shareOfLoop, shareOfTime } from "./results.ts";

const took = (seconds: number, writes: number): Convergence => ({
  seconds,
  writes,
  reads: 0,
  cpu: 0,
  peak: 0,
  secondPass: 0,
});
const round = (own: number, kit: number, go: number): Round => ({
  loop: took(own, 80),
  own: took(own, 100),
  kit: took(kit, 100),
  go: took(go, 100),
});

test("the median of an even number of values is the lower one of the middle", () => {
  expect(median([4, 1, 3, 2])).toBe(2);
});

test("there is no median of nothing", () => {
  expect(() => median([])).toThrow(RangeError);
});

test("shares are taken within a round, so that a round on a busy machine counts like any other", () => {
  const rounds = [round(1, 2, 2), round(10, 20, 20), round(100, 125, 250)];
  expect(shareOfLoop(rounds, "kit")).toBe(0.5);
  expect(shareOfTime(rounds)).toBe(1);
});
