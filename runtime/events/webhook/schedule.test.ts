import fc from "fast-check";
import { expect, test } from "vitest";
import { BREAKER_AFTER, breakerAfter, GIVE_UP_AFTER_MS, nextPush } from "./schedule.ts";

const NOON = new Date("2026-11-22T12:00:00.000Z");
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test.each([
  { attempts: 1, seconds: 5 },
  { attempts: 2, seconds: 10 },
  { attempts: 5, seconds: 80 },
  { attempts: 11, seconds: 3_600 },
  { attempts: 500, seconds: 3_600 },
])("after $attempts pushes the next comes in $seconds s at the latest", ({ attempts, seconds }) => {
  const at = nextPush({ attempts, firstPushAt: NOON }, NOON, 0);
  expect(at?.getTime()).toBe(NOON.getTime() + seconds * 1_000);
});

test("the pause is never shorter than half, nor longer than said", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), randoms, (attempts, random) => {
      const state = { attempts, firstPushAt: NOON };
      const pause = (nextPush(state, NOON, random)?.getTime() ?? 0) - NOON.getTime();
      const longest = (nextPush(state, NOON, 0)?.getTime() ?? 0) - NOON.getTime();
      expect(pause).toBeGreaterThanOrEqual(longest / 2);
      expect(pause).toBeLessThanOrEqual(longest);
    }),
  );
});

test("a receiver that never answers is tried for three days, at least 72 times, and no longer", () => {
  fc.assert(
    fc.property(fc.infiniteStream(randoms), (stream) => {
      let now = NOON;
      let attempts = 0;
      for (const random of stream) {
        attempts += 1;
        const next = nextPush({ attempts, firstPushAt: NOON }, now, random);
        if (next === undefined) break;
        expect(next.getTime()).toBeGreaterThan(now.getTime());
        now = next;
      }
      expect(now.getTime() - NOON.getTime()).toBeLessThanOrEqual(GIVE_UP_AFTER_MS);
      expect(now.getTime() - NOON.getTime()).toBeGreaterThan(GIVE_UP_AFTER_MS - 3_600_000);
      expect(attempts).toBeGreaterThanOrEqual(72);
    }),
    { numRuns: 20 },
  );
});

test("the breaker opens after some rounds without an answer, longer each time, and closes with the first", () => {
  const open = (failures: number): number =>
    (breakerAfter(failures, false, NOON, 0).openUntil?.getTime() ?? NOON.getTime()) - NOON.getTime();
  expect([0, 1, 2, 3, 4, 40].map(open)).toEqual([0, 0, 10_000, 20_000, 40_000, 600_000]);
  expect(breakerAfter(BREAKER_AFTER + 4, true, NOON, 0)).toEqual({ failures: 0, openUntil: undefined });
});
