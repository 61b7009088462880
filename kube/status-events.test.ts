import { expect, test } from "vitest";

import type { Condition } from "./condition.ts";
import type { KubeObject } from "./object.ts";
import { statusEvents } from "./status-events.ts";

const condition = (type: string, status: Condition["status"], reason: string): Condition => {
  return { type, status, reason, message: "So it is.", lastTransitionTime: "2026-01-01T00:00:00Z" };
};
const owner = (...conditions: readonly Condition[]): KubeObject =>
  ({ apiVersion: "v1", kind: "Thing", metadata: { name: "a" }, status: { conditions } }) as KubeObject;
const told = (before: readonly Condition[], now: readonly Condition[]): readonly string[] =>
  statusEvents(owner(...now), { conditions: before }).map(({ type, reason }) => `${type} ${reason}`);

test.each([
  { why: "becoming ready is told", before: [], now: [condition("Ready", "True", "Up")], want: ["Normal Up"] },
  {
    why: "staying ready is not",
    before: [condition("Ready", "True", "Up")],
    now: [condition("Ready", "True", "Still")],
    want: [],
  },
  {
    why: "a failure is a warning, and another reason is another one",
    before: [condition("Synced", "False", "Conflict")],
    now: [condition("Synced", "False", "Forbidden")],
    want: ["Warning Forbidden"],
  },
  {
    why: "Stalled is bad when True",
    before: [],
    now: [condition("Stalled", "True", "Impossible")],
    want: ["Warning Impossible"],
  },
  {
    why: "work in progress is no event",
    before: [],
    now: [condition("Reconciling", "True", "Applying")],
    want: [],
  },
])("$why", ({ before, now, want }) => {
  expect(told(before, now)).toEqual(want);
});
