import fc from "fast-check";
import { expect, test } from "vitest";
import { summaryOf } from "./percentile.ts";

test("of 1 to 100 the middle is 50 and the 99th is 99", () => {
  const times = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(summaryOf(times)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
});

test("of one there is only that one", () => {
  expect(summaryOf([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
});

test("of nothing there is no percentile", () => {
  expect(() => summaryOf([])).toThrow(RangeError);
});

test("every number was measured, and enough lie at or below it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (times) => {
      const { p50, p99, max } = summaryOf(times);
      for (const [value, share] of [
        [p50, 0.5],
        [p99, 0.99],
        [max, 1],
      ] as const) {
        expect(times).toContain(value);
        expect(times.filter((time) => time <= value).length).toBeGreaterThanOrEqual(share * times.length);
      }
    }),
  );
});
