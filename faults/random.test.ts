import { expect, test } from "vitest";
import { sampleOf, seeded, shuffled } from "./random.ts";

test("the same seed gives the same sample, another one another", () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const take = (seed: number): readonly number[] => sampleOf(items, 10, () => "", seeded(seed));
  expect(take(1)).toEqual(take(1));
  expect(take(1)).not.toEqual(take(2));
});

test("a sample takes from every group before it takes two from any", () => {
  const items = ["a1", "a2", "a3", "a4", "b1", "c1"];
  const groups = sampleOf(items, 3, ([group = ""]) => group, seeded(7)).map(([group]) => group);
  expect(new Set(groups)).toEqual(new Set(["a", "b", "c"]));
});

test("shuffling loses nothing", () => {
  const items = [1, 2, 3, 4, 5];
  expect(shuffled(items, seeded(3)).toSorted((a, b) => a - b)).toEqual(items);
});
