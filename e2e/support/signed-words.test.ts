import { expect, test } from "vitest";
import { PAYLOAD_KEY } from "../../crds/shard.ts";
import type { KubeObject } from "../../kube/object.ts";
import { isSignedAnew } from "./signed-words.ts";

const roster = (payload: unknown): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "roster" },
    data: { [PAYLOAD_KEY]: JSON.stringify(payload) },
  }) as KubeObject;
const before = roster({ issuedAt: "2026-11-22T08:00:00Z", partners: ["a"], version: 7 });

test.each([
  [
    "the same words under a later version are signed anew",
    { issuedAt: "later", partners: ["a"], version: 8 },
    true,
  ],
  ["other words are not", { issuedAt: "later", partners: ["b"], version: 8 }, false],
  ["an earlier version is not", { issuedAt: "later", partners: ["a"], version: 6 }, false],
])("%s", (_, payload, anew) => {
  expect(isSignedAnew(before, roster(payload))).toBe(anew);
});
