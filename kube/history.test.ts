import fc from "fast-check";
import { expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import { historyOf } from "./history.ts";

const now = new Date("2026-01-01T12:00:00.789Z");
const condition = (type: string, status: Condition["status"], reason = "Broken", message = "It broke.") => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-01-01T11:00:00Z",
});
const begun = [{ at: "2026-01-01T12:00:00Z", reason: "Broken", message: "It broke." }];

test.each([
  { why: "Stalled appeared", before: [], after: [condition("Stalled", "True")] },
  { why: "Synced became False", before: [], after: [condition("Synced", "False")] },
  {
    why: "Synced is False for another reason",
    before: [condition("Synced", "False", "Forbidden")],
    after: [condition("Synced", "False")],
  },
  { why: "Ready fell", before: [condition("Ready", "True")], after: [condition("Ready", "False")] },
  {
    why: "three conditions tell of the same failure, which is remembered once",
    before: [condition("Ready", "True")],
    after: [condition("Ready", "False"), condition("Stalled", "True"), condition("Synced", "False")],
  },
])("a failure is remembered when $why", ({ before, after }) => {
  expect(historyOf(undefined, before, after, now)).toEqual(begun);
});

test.each([
  { why: "what is not ready yet never was", before: [], after: [condition("Ready", "False")] },
  {
    why: "it goes on",
    before: [condition("Synced", "False"), condition("Stalled", "True")],
    after: [condition("Synced", "False", "Broken", "Still."), condition("Stalled", "True")],
  },
  { why: "a person paused it", before: [], after: [condition("Synced", "False", "Paused")] },
  { why: "it ended", before: [condition("Synced", "False")], after: [condition("Synced", "True")] },
])("no failure begins when $why", ({ before, after }) => {
  expect(historyOf(begun, before, after, now)).toEqual(begun);
});

test("what flaps stands once, in front, and pushes out nothing", () => {
  const once = { at: "2025-12-31T00:00:00Z", reason: "Once", message: "Long ago." };
  const older = { ...begun[0]!, at: "2026-01-01T10:00:00Z" };
  expect(historyOf([once, older], [], [condition("Synced", "False")], now)).toEqual([begun[0], once]);
});

test("REL-35 however much fails, ten failures are remembered, the newest first", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[A-Z][a-z]{1,8}$/), { maxLength: 40 }), (reasons) => {
      let [history, before] = [historyOf([], [], [], now), [condition("Synced", "True")]];
      for (const reason of reasons) {
        const after = [condition("Synced", "False", reason, "x".repeat(2_000))];
        history = historyOf(history, before, after, now);
        before = after;
      }
      expect(history.length).toBe(Math.min(10, new Set(reasons).size));
      expect(history[0]?.reason).toBe(reasons.at(-1));
      expect(history.every(({ message }) => message.length <= 1_024)).toBe(true);
    }),
  );
});
