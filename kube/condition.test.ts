import fc from "fast-check";
import { expect, test } from "vitest";

import type { Condition } from "./condition.ts";
import { mergeConditions, readyFrom } from "./condition.ts";

const noon = new Date("2026-01-01T12:00:00Z");
const one = new Date("2026-01-01T13:00:00Z");
const ready = { type: "Ready", status: "True", reason: "Up", message: "It works." } as const;

test("the time of a condition changes with its status only", () => {
  const first = mergeConditions(undefined, [ready], 1, noon);
  const same = mergeConditions(first, [{ ...ready, reason: "Still", message: "On." }], 2, one);
  expect(same).toEqual([
    {
      ...ready,
      reason: "Still",
      message: "On.",
      lastTransitionTime: "2026-01-01T12:00:00Z",
      observedGeneration: 2,
    },
  ]);
  const down = mergeConditions(same, [{ ...ready, status: "False" }], 2, one);
  expect(down[0]?.lastTransitionTime).toBe("2026-01-01T13:00:00Z");
});

test("what is not stated any more is gone", () => {
  const before = mergeConditions(undefined, [ready, { ...ready, type: "Stalled" }], 1, noon);
  expect(mergeConditions(before, [ready], 1, one).map(({ type }) => type)).toEqual(["Ready"]);
});

test("equal statements in any order give equal conditions", () => {
  const statement = fc.record({
    type: fc.constantFrom("A", "B", "C", "D"),
    status: fc.constantFrom("True" as const, "False" as const),
    reason: fc.constant("R"),
    message: fc.string(),
  });
  const distinct = fc.uniqueArray(statement, { selector: ({ type }) => type });
  fc.assert(
    fc.property(distinct, (statements) => {
      const before: readonly Condition[] = mergeConditions(undefined, statements, 1, noon);
      expect(mergeConditions(before, statements.toReversed(), 1, one)).toEqual(before);
    }),
  );
});

test("Ready says what the first part that is not well says", () => {
  const up = { reason: "Up", message: "All is well." };
  const bad = { type: "B", status: "False", reason: "Broken", message: "B is broken." } as const;
  const unknown = { ...bad, type: "A", status: "Unknown", reason: "Unseen" } as const;
  expect(readyFrom([ready], up)).toEqual({ type: "Ready", status: "True", ...up });
  expect(readyFrom([ready, unknown, bad], up)).toMatchObject({
    type: "Ready",
    status: "False",
    reason: "Broken",
  });
  expect(readyFrom([ready, unknown], up)).toMatchObject({ status: "Unknown", reason: "Unseen" });
});
