import { expect, test } from "vitest";

import { conditionOf } from "./condition.ts";
import { completedStatus, statusDiffers } from "./driven-status.ts";
import type { Failure } from "./failure.ts";
import type { KubeObject } from "./object.ts";
import type { DrivenStatus } from "./plan.ts";

const now = new Date("2026-01-01T12:00:00Z");
const later = new Date("2026-01-01T12:05:00Z");
const ready = {
  conditions: [{ type: "Ready", status: "True", reason: "Up", message: "It works." }],
} as const;
const calm = { pending: [], failures: [], restraint: { planOnly: false } } as const;
const failing = (kind: Failure["kind"]) => ({
  ...calm,
  pending: ["~ConfigMap n/a"],
  failures: [{ reason: "Forbidden", message: "Applying ConfigMap n/a: no.", kind }],
});
const owner = (status: DrivenStatus | undefined, generation = 1): KubeObject =>
  ({ apiVersion: "v1", kind: "Thing", metadata: { name: "a", generation }, status }) as KubeObject;
const told = ({ conditions }: DrivenStatus): Record<string, string> =>
  Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));

const fine = completedStatus(owner(undefined), ready, [], calm, now);

test("when nothing is left to do, the plan's words stand and Synced is True", () => {
  expect(told(fine)).toEqual({ Ready: "True Up", Synced: "True Applied" });
  expect(fine.observedGeneration).toBe(1);
});

test("the same again is no reason to write", () => {
  expect(statusDiffers(owner(fine), completedStatus(owner(fine), ready, [], calm, later))).toBe(false);
});

test("work on a new generation is Reconciling, mending drift is not worth saying", () => {
  const working = { ...calm, pending: ["+ConfigMap n/a"] };
  expect(told(completedStatus(owner(fine, 2), ready, [], working, later))).toMatchObject({
    Synced: "Unknown Applying",
    Reconciling: "True Applying",
  });
  expect(statusDiffers(owner(fine), completedStatus(owner(fine), ready, [], working, later))).toBe(false);
});

test("a failure does not take Ready from what was in place, but from what never was", () => {
  expect(told(completedStatus(owner(fine), ready, [], failing("transient"), later))).toEqual({
    Ready: "True Up",
    Synced: "False Forbidden",
    Reconciling: "True Retrying",
  });
  expect(told(completedStatus(owner(fine, 2), ready, [], failing("transient"), later))).toMatchObject({
    Ready: "False Forbidden",
  });
});

test.each([1, 2])("a failure that repeats is written once (generation %i)", (generation) => {
  const once = completedStatus(owner(fine, generation), ready, [], failing("transient"), later);
  const twice = owner(once, generation);
  expect(statusDiffers(twice, completedStatus(twice, ready, [], failing("transient"), later))).toBe(false);
  const trying = { ...failing("transient"), failures: [] };
  expect(statusDiffers(twice, completedStatus(twice, ready, [], trying, later))).toBe(false);
});

test("a terminal failure is Stalled, and Ready falls", () => {
  expect(told(completedStatus(owner(fine), ready, [], failing("terminal"), later))).toEqual({
    Ready: "False Forbidden",
    Synced: "False Forbidden",
    Stalled: "True Forbidden",
  });
});

test("a failure before the plan keeps the words of the last one", () => {
  const before = { ...fine, partners: 3 } as DrivenStatus;
  const after = completedStatus(owner(before), undefined, [], failing("transient"), later);
  expect(after).toMatchObject({ partners: 3 });
  expect(told(after)).toMatchObject({ Ready: "True Up", Synced: "False Forbidden" });
});

test("what others write in status is left out of the comparison", () => {
  const status = {
    ...fine,
    seen: 3,
    conditions: [...(fine.conditions ?? []), { ...fine.conditions?.[0], type: "Theirs" }],
  };
  const theirs = owner(status as DrivenStatus);
  expect(statusDiffers(theirs, fine)).toBe(true);
  expect(statusDiffers(theirs, fine, { keys: ["seen"], conditions: ["Theirs"] })).toBe(false);
});

test("a map that has become empty is left out: the server would store null", () => {
  const planned = { ...ready, addresses: {}, components: [] };
  const status = completedStatus(owner(fine), planned, [], calm, later);
  expect(status).not.toHaveProperty("addresses");
  expect(status).toHaveProperty("components", []);
});

test("a pause whose end cannot be read is said and not kept", () => {
  const restraint = { planOnly: false, mistake: "The annotation is not a time." };
  const status = completedStatus(owner(fine), ready, [], { ...calm, restraint }, later);
  expect(conditionOf(status.conditions, "Paused")).toMatchObject({ status: "False", reason: "NotATime" });
});
