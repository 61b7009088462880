import { expect, test } from "vitest";
import { type Binding, grantedRights, isUseOf, rightText, type Role } from "./rights.ts";
import type { AuditEvent } from "./audit-log.ts";
import { usesOf } from "./used-rights.ts";

const role: Role = {
  kind: "ClusterRole",
  metadata: { name: "wekeza:stack-operator" },
  rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["patch"], resourceNames: ["host-tls"] }],
};
const binding: Binding = {
  metadata: { name: "b", namespace: "stack-a" },
  roleRef: { kind: "ClusterRole", name: "wekeza:stack-operator" },
  subjects: [
    { kind: "ServiceAccount", namespace: "wekeza-region", name: "wekeza-operator" },
    { kind: "ServiceAccount", namespace: "kube-system", name: "other" },
  ],
};
const [right] = grantedRights([role], [binding]);
const line: AuditEvent = {
  requestURI: "/",
  stage: "ResponseComplete",
  verb: "patch",
  user: { username: "system:serviceaccount:wekeza-region:wekeza-operator" },
  responseStatus: { code: 200 },
  objectRef: { resource: "secrets", namespace: "stack-a", name: "host-tls" },
  annotations: {
    "authorization.k8s.io/decision": "allow",
    "authorization.k8s.io/reason": "RBAC: allowed by RoleBinding",
  },
};
const uses = (change: Partial<AuditEvent>) => usesOf({ ...line, ...change });

test("a rule becomes one right per verb, resource and name, for the platform's identities alone", () => {
  expect(grantedRights([role], [binding]).map(rightText)).toEqual([
    "wekeza-region/wekeza-operator may patch /secrets host-tls (ClusterRole wekeza:stack-operator)",
  ]);
});

test.each([
  ["as granted", {}, true],
  ["in another namespace", { objectRef: { ...line.objectRef, namespace: "stack-b" } }, false],
  ["of another object", { objectRef: { ...line.objectRef, name: "oauth-keys" } }, false],
  ["of a subresource", { objectRef: { ...line.objectRef, subresource: "status" } }, false],
  ["by another verb", { verb: "get" }, false],
])("a request %s uses the right or does not", (_, change, used) => {
  expect(uses(change).some((use) => right !== undefined && isUseOf(use, right))).toBe(used);
});

test("an apply that makes the object uses the right to create as well", () => {
  expect(uses({ responseStatus: { code: 201 } }).map(({ verb }) => verb)).toEqual(["patch", "create"]);
});

test("writing a certificate uses the right to sign, approving that to approve", () => {
  const objectRef = { apiGroup: "certificates.k8s.io", resource: "certificatesigningrequests", name: "x" };
  const after = (subresource: string) =>
    uses({ verb: "update", objectRef: { ...objectRef, subresource } }).map(({ verb }) => verb);
  expect(after("status")).toEqual(["update", "sign"]);
  expect(after("approval")).toEqual(["update", "approve"]);
});

test("what was forbidden says so, and other people's requests are nobody's business", () => {
  const forbidden = { "authorization.k8s.io/decision": "forbid" };
  expect(uses({ annotations: forbidden })[0]?.allowedBy).toBeUndefined();
  expect(uses({ user: { username: "kubernetes-admin" } })).toEqual([]);
});
