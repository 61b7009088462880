import fc from "fast-check";
import { expect, test } from "vitest";

import { backoffDelay, watchBackoff, workBackoff } from "./backoff.ts";

test("a watch waits 0.8 s, then twice as long, and 30 s at most", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => backoffDelay(watchBackoff, failures, () => 0));
  expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test("no wait is longer than the cap or shorter than jitter allows, after any number of failures", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, chance) => {
        const wait = backoffDelay(workBackoff, failures, () => chance);
        expect(wait).toBeLessThanOrEqual(workBackoff.capMs);
        expect(wait).toBeGreaterThanOrEqual(workBackoff.baseMs * (1 - workBackoff.jitter));
      },
    ),
  );
});
