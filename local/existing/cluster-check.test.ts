import { beforeAll, expect, test } from "vitest";
import { createAuthority } from "../toolchain/certificate.ts";
import { type ClusterFacts, clusterObstacle, type Wanted } from "./cluster-check.ts";

let wanted: Wanted;
let fit: ClusterFacts;
let other: string;

beforeAll(async () => {
  const [own, another] = await Promise.all([
    createAuthority("own", new Date()),
    createAuthority("other", new Date()),
  ]);
  other = another.certificate;
  wanted = { architecture: "amd64", authority: own.certificate };
  fit = {
    context: "bank",
    version: "v1.30.0",
    mayEverything: true,
    architectures: ["amd64", "arm64"],
    defaultStorage: true,
    namespaces: [{ name: "partners", ours: true }],
    authority: undefined,
  };
});

test("a cluster that fits has no obstacle, also when this machine's platform is in it", () => {
  expect(clusterObstacle(fit, wanted)).toBeUndefined();
  expect(clusterObstacle({ ...fit, authority: `${wanted.authority}\n` }, wanted)).toBeUndefined();
});

test.each<{ readonly version: string; readonly fits: boolean }>([
  { version: "v1.29.9-gke.1", fits: false },
  { version: "v1.30.0-eks-2f7cfa4", fits: true },
  { version: "v1.35.1+k3s1", fits: true },
  { version: "v2.0.0", fits: true },
  { version: "", fits: false },
])("Kubernetes $version fits: $fits", ({ version, fits }) => {
  expect(clusterObstacle({ ...fit, version }, wanted) === undefined).toBe(fits);
});

test.each<{ readonly why: string; readonly facts: Partial<ClusterFacts>; readonly says: string }>([
  { why: "an old version", facts: { version: "v1.28.1" }, says: "v1.28.1, and 1.30 or newer" },
  { why: "too few rights", facts: { mayEverything: false }, says: "kubectl auth can-i '*' '*'" },
  { why: "nodes of another kind", facts: { architectures: ["s390x"] }, says: "nodes are s390x" },
  { why: "no volumes", facts: { defaultStorage: false }, says: "no default StorageClass" },
  {
    why: "somebody's namespace",
    facts: { namespaces: [{ name: "partners", ours: false }] },
    says: "(partners)",
  },
])("$why is said in one sentence", ({ facts, says }) => {
  const sentence = clusterObstacle({ ...fit, ...facts }, wanted);
  expect(sentence).toContain(says);
  expect(sentence).toMatch(/^this cluster will not do: [^\n]+\.$/);
});

test("a platform with keys of another machine is not taken over", () => {
  expect(clusterObstacle({ ...fit, authority: other }, wanted)).toContain("make down CONTEXT=bank");
});
