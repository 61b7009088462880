import fc from "fast-check";
import { expect, test } from "vitest";
import { rememberPositions } from "./positions.ts";

const KEPT = 10_000;
const at = (end: number, cluster = "a") => ({ cluster, end: BigInt(end) });

/** What a primary said: at growing times, ends that grow or stay. */
const histories = fc
  .array(fc.record({ pause: fc.integer({ min: 0, max: 400 }), written: fc.integer({ min: 0, max: 3 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((steps) => {
    let [time, end] = [0, 0];
    return steps.map(({ pause, written }) => ({ time: (time += pause), end: (end += written) }));
  });

test("a copy is never said to be younger than it is, and is said to be as young as can be known", () => {
  fc.assert(
    fc.property(histories, fc.integer({ min: 0, max: 200 }), (history, replayed) => {
      const positions = rememberPositions(KEPT);
      for (const { time, end } of history) positions.told(at(end), time);
      const now = history.at(-1)?.time ?? 0;
      // Everything that the primary had at this time is in the copy, and nothing is known of a later one.
      const known = history.filter(({ time, end }) => end <= replayed && now - time <= KEPT).at(-1)?.time;
      expect(positions.asOf(at(replayed))).toBe(known);
    }),
  );
});

test("a primary on which nothing happens is not behind itself", () => {
  const positions = rememberPositions(KEPT);
  for (let time = 0; time <= 1_000_000; time += 250) positions.told(at(7), time);
  expect(positions.asOf(at(7))).toBe(1_000_000);
  expect(positions.asOf(at(6))).toBeUndefined();
});

test("of another database, or of one whose log was cut off, nothing is known", () => {
  const positions = rememberPositions(KEPT);
  positions.told(at(100), 1);
  expect(positions.asOf(at(100, "b"))).toBeUndefined();
  positions.told(at(50), 2);
  positions.told(at(60), 3);
  expect(positions.asOf(at(55))).toBe(2);
  positions.told(at(1, "b"), 4);
  expect(positions.asOf(at(100))).toBeUndefined();
  expect(positions.asOf(at(2, "b"))).toBe(4);
});

test("a word that comes late says nothing that is not known", () => {
  const positions = rememberPositions(KEPT);
  positions.told(at(5), 10);
  positions.told(at(1), 9);
  expect(positions.asOf(at(1))).toBeUndefined();
  expect(positions.asOf(at(5))).toBe(10);
});
