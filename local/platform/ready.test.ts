import { expect, test } from "vitest";
import { complaint } from "./ready.ts";

const condition = (status: string) => ({
  type: "Ready",
  status,
  reason: "AwaitingApproval",
  message: "Approve the request x.",
});

test.each([
  { why: "a ready resource is not complained of", conditions: [condition("True")], want: undefined },
  {
    why: "an unready one says its reason and message",
    conditions: [condition("False")],
    want: "Partner partners/acme: AwaitingApproval: Approve the request x.",
  },
  {
    why: "one without conditions was never looked at",
    conditions: [],
    want: "Partner partners/acme: the operator has not looked at it yet",
  },
  {
    why: "a suspended one is as its owner wants it",
    suspended: true,
    conditions: [condition("False")],
    want: undefined,
  },
])("$why", ({ suspended = false, conditions, want }) => {
  const resource = {
    kind: "Partner",
    spec: { suspended },
    metadata: { namespace: "partners", name: "acme" },
    status: { conditions },
  };
  expect(complaint(resource)).toBe(want);
});
