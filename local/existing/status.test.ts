import { expect, test } from "vitest";
import { existingStatus, type Pod, podLines } from "./status.ts";

const pod = (namespace: string, phase: string, ready: string, restartCount = 0): Pod => ({
  metadata: { name: "x", namespace },
  status: { phase, conditions: [{ type: "Ready", status: ready }], containerStatuses: [{ restartCount }] },
});

test("a namespace is told in one line, and the pod of a finished Job is not missing", () => {
  const pods = [
    pod("wekeza-system", "Running", "True", 1),
    pod("wekeza-system", "Running", "False", 2),
    pod("stack-here", "Succeeded", "False"),
    pod("stack-here", "Running", "True"),
  ];
  expect(podLines(pods)).toEqual([
    "NAMESPACE                   PODS READY  RESTARTS",
    "stack-here                  1/1         0",
    "wekeza-system               1/2         3",
  ]);
});

test("a cluster without the platform is told so, with what would put it there", async () => {
  const text = await existingStatus("mine", async () => JSON.stringify({ items: [] }));
  expect(text).toContain('"make up CONTEXT=mine REGISTRY=host/path" puts it there');
});
