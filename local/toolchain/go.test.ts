import { expect, test } from "vitest";
import { requiredGo, versionFlags } from "./go.ts";

const module = "module local/kube\n\ngo 1.25.0\n\nrequire (\n\tk8s.io/kubernetes v1.35.4\n)\n";

test("the programs call themselves by the version that go.mod requires", () => {
  expect(versionFlags(module)).toContain("-X k8s.io/component-base/version.gitVersion=v1.35.4");
  expect(versionFlags(module)).toContain("-X k8s.io/component-base/version.gitMinor=35");
});

test("a module says which Go it needs", () => {
  expect(requiredGo(module)).toEqual([1, 25]);
});

test("a go.mod without Kubernetes is a mistake, not version zero", () => {
  expect(() => versionFlags("module x")).toThrow("k8s.io/kubernetes");
});
