import { expect, test } from "vitest";
import { targetOf } from "./target.ts";

const XDG_CACHE_HOME = "/cache";

test("without CONTEXT and REGISTRY local clusters are meant, whatever KUBECONFIG says", () => {
  expect(targetOf({ KUBECONFIG: "/home/me/production" })).toBeUndefined();
  expect(targetOf({ CONTEXT: "", REGISTRY: "", COUNTRY: "DE" })).toBeUndefined();
});

test("each context has a folder of its own, Kenya is where the region is unless told otherwise", () => {
  const context = "arn:aws:eks:eu-west-1:1:cluster/bank";
  const target = targetOf({ XDG_CACHE_HOME, CONTEXT: context, REGISTRY: "registry.example/bank" });
  expect(target).toMatchObject({ context, country: "KE", registry: { host: "registry.example" } });
  expect(target?.run).toBe("/cache/wekeza/run/context-arn%3Aaws%3Aeks%3Aeu-west-1%3A1%3Acluster%2Fbank");
});

test.each([
  { why: "a context without a registry", given: { CONTEXT: "bank" }, says: "without a REGISTRY" },
  { why: "a registry without a context", given: { REGISTRY: "r.example/b" }, says: "without a CONTEXT" },
  {
    why: "a registry without a host",
    given: { CONTEXT: "bank", REGISTRY: "bank" },
    says: "neither a dot nor a port",
  },
  {
    why: "a country by its name",
    given: { CONTEXT: "bank", REGISTRY: "r.example/b", COUNTRY: "Kenya" },
    says: "write KE, GB or",
  },
  {
    why: "a key store for local clusters",
    given: { KEY_STORE: "store.yaml" },
    says: "KEY_STORE=store.yaml is given without a CONTEXT",
  },
  {
    why: "a key store in a file that is not there",
    given: { CONTEXT: "bank", REGISTRY: "r.example/b", KEY_STORE: "/nowhere/store.yaml" },
    says: "KEY_STORE=/nowhere/store.yaml cannot be read: ENOENT",
  },
])("$why is refused in one sentence", ({ given, says }) => {
  expect(() => targetOf(given)).toThrow(says);
});
