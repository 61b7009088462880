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

test("a group of a smaller share gives one at first and fewer than others after that, and all in the end", () => {
  const items = ["a", "b"].flatMap((group) => Array.from({ length: 9 }, (_, index) => `${group}${index}`));
  const take = (count: number): readonly string[] =>
    sampleOf(
      items,
      count,
      ([group = ""]) => group,
      seeded(7),
      ([group]) => (group === "b" ? 1 / 3 : 1),
    );
  const ofB = (count: number): number => take(count).filter(([group]) => group === "b").length;
  expect([ofB(2), ofB(8), ofB(12)]).toEqual([1, 2, 3]);
  expect(new Set(take(18)).size).toBe(18);
});

test("shuffling loses nothing", () => {
  const items = [1, 2, 3, 4, 5];
  expect(shuffled(items, seeded(3)).toSorted((a, b) => a - b)).toEqual(items);
});
