import { expect, test } from "vitest";
import type { KubeObject } from "../kube/object.ts";
import { cornerOf, lensOf, tokenOf } from "./corner.ts";
import { countsOf, differencesOf, snapshotsOf } from "./snapshot.ts";

const configMap = (token: string, color: string, uid: string): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: `stack-ke-${token}`, name: "a", uid, resourceVersion: uid },
    data: { color, at: "2026-11-22T21:00:00Z" },
  }) as KubeObject;

const live = (object: KubeObject) => new Map([["", object]]);

test("two runs that end alike have the same snapshot, whatever their names and times", () => {
  const one = snapshotsOf(cornerOf(1))(live(configMap("t1", "red", "1")));
  const two = snapshotsOf(cornerOf(22))(live(configMap("t22", "red", "2")));
  expect(differencesOf(one, two)).toEqual([]);
});

test("what differs, lacks or is too much is told by its place", () => {
  const one = snapshotsOf(cornerOf(1))(live(configMap("t1", "red", "1")));
  const two = snapshotsOf(cornerOf(1))(live(configMap("t1", "blue", "1")));
  expect(differencesOf(one, two)).toEqual([expect.stringContaining("ConfigMap stack-ke-tN/a differs")]);
  expect(differencesOf(one, new Map())).toEqual(["ConfigMap stack-ke-tN/a is missing"]);
  expect(differencesOf(new Map(), one)).toEqual(["ConfigMap stack-ke-tN/a should not be there"]);
});

test("something made twice is counted twice", () => {
  const object = configMap("t1", "red", "1");
  const events = (["added", "removed", "added"] as const).map((type) => ({ type, object }));
  expect([...countsOf(events, cornerOf(1)).values()]).toEqual(["created 2, deleted 1"]);
});

test("a corner's token is found in names and labels, and only there as a whole word", () => {
  expect(tokenOf({ name: "acme", namespace: "partners-t17" })).toBe("t17");
  expect(tokenOf({ name: "x", labels: { "openbanking.wekeza.io/owner-name": "ke-t3" } })).toBe("t3");
  expect(tokenOf({ name: "kube-root-ca.crt", namespace: "default" })).toBeUndefined();
});

test("a question about all namespaces becomes one about a corner; any other stays as it is", () => {
  const lens = lensOf(cornerOf(5), "region");
  expect(lens("/api/v1/configmaps?watch=true")).toBe("/api/v1/namespaces/stack-ke-t5/configmaps?watch=true");
  expect(decodeURIComponent(lens("/apis/openbanking.wekeza.io/v1alpha1/regions?limit=1"))).toContain(
    "labelSelector=faults.wekeza.test/corner=t5",
  );
  const one = "/api/v1/namespaces/stack-ke-t5/configmaps/roster";
  expect(lens(one)).toBe(one);
});
