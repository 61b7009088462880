import { expect, test } from "vitest";
import { otherValues, ownedLeaves, valueAt } from "./owned-fields.ts";

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "gateway",
    labels: { "app.kubernetes.io/name": "gateway", theirs: "1" },
    managedFields: [
      {
        manager: "wekeza-operator",
        operation: "Apply",
        fieldsV1: {
          "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {} } },
          "f:spec": {
            "f:selector": {},
            "f:ports": { 'k:{"port":443,"protocol":"TCP"}': { ".": {}, "f:port": {}, "f:targetPort": {} } },
          },
        },
      },
      {
        manager: "kube-controller-manager",
        operation: "Update",
        fieldsV1: { "f:spec": { "f:clusterIP": {} } },
      },
    ],
  },
  spec: {
    clusterIP: "10.0.0.1",
    selector: { app: "gateway" },
    ports: [
      { port: 80, protocol: "TCP", targetPort: 1 },
      { port: 443, protocol: "TCP", targetPort: 8443 },
    ],
  },
};

test("the values one manager applied are found at their place, without keys of lists and without other managers' values", () => {
  expect(ownedLeaves(service, "wekeza-operator")).toEqual([
    { pointer: "/metadata/labels/app.kubernetes.io~1name", value: "gateway" },
    { pointer: "/spec/selector/app", value: "gateway" },
    { pointer: "/spec/ports/1/targetPort", value: 8443 },
  ]);
});

test("each leaf's pointer leads to its value", () => {
  for (const { pointer, value } of ownedLeaves(service, "wekeza-operator")) {
    expect(valueAt(service, pointer)).toBe(value);
  }
  expect(valueAt(service, "/spec/none/0")).toBeUndefined();
});

test.each([
  { value: true, want: false },
  { value: 8443, want: 8444 },
  { value: "20m", want: "21m" },
  { value: "gateway", want: "gateway-drift" },
])("another value for $value is $want", ({ value, want }) => {
  expect(otherValues(value)[0]).toBe(want);
  expect(otherValues(value)).not.toContain(value);
});
