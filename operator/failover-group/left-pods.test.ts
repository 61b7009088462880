import { expect, test } from "vitest";
import type { Workload } from "./component.ts";
import { leftBehind } from "./left-pods.ts";
import { plan } from "./plan.ts";
import { bare, group, running } from "./testing/world.ts";

const set: Workload = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "postgres", uid: "set" },
  status: { updateRevision: "good" },
};
const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "postgres", uid: "set", controller: true };
const metadata = {
  name: "postgres-0",
  namespace: "stack-a",
  uid: "pod",
  resourceVersion: "7",
  labels: { "controller-revision-hash": "bad" },
  ownerReferences: [owner],
};
const pod = (change: object = {}, ready = "False") => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...metadata, ...change },
  status: { conditions: [{ type: "Ready", status: ready }] },
});

test("a pod of another revision that is not ready stands in the way", () => {
  const left = { namespace: "stack-a", name: "postgres-0", uid: "pod", resourceVersion: "7" };
  expect(leftBehind(set, [pod()])).toEqual([left]);
  expect(leftBehind(set, [{ ...pod(), status: {} } as never])).toEqual([left]);
});

test.each([
  ["is ready", pod({}, "True")],
  ["is of the wanted revision", pod({ labels: { "controller-revision-hash": "good" } })],
  ["is of nobody knows which revision", pod({ labels: {} })],
  ["ends already", pod({ deletionTimestamp: "2026-11-23T20:00:00Z" })],
  ["is another's", pod({ ownerReferences: [{ ...owner, uid: "another" }] })],
])("none that %s is ended", (_, each) => {
  expect(leftBehind(set, [each])).toEqual([]);
});

test("what stands in the way is ended, and only while the stack is planned", () => {
  const left = [{ namespace: "stack-a", name: "postgres-0", uid: "pod", resourceVersion: "7" }];
  const region = bare.region && { ...bare.region, observed: running(), leftPods: left };
  const world = { ...bare, region };
  const now = new Date("2026-11-22T18:00:00Z");
  const action = { do: "replacePods", cluster: "ke", pods: left };
  expect(plan(group, world, now).actions).toContainEqual(action);
  expect(plan(group, { ...world, hostTls: undefined }, now).actions).toEqual([]);
});
