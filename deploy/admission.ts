import type { Manifest } from "./objects.ts";

const NAME = "wekeza-operator-bounds";
const LABELS = { "app.kubernetes.io/part-of": "wekeza" } as const;

/** Where the operator may act on namespaces and bindings, in CEL: RBAC knows names but no prefixes. */
const WITHIN_STACKS = [
  "request.resource.resource == 'namespaces' ? request.name.startsWith('stack-')",
  "request.resource.resource == 'clusterrolebindings' ? request.name.startsWith('wekeza-service-stack-')",
  "request.namespace.startsWith('stack-')",
].join(" : ");

/**
 * The operator makes and removes namespaces and bindings of stacks only.
 *
 * It may bind a ClusterRole that reads Secrets; without this policy it could bind it in any namespace.
 */
export function operatorBounds(users: readonly string[]): readonly Manifest[] {
  const listed = users.map((user) => `'${user}'`).join(", ");
  const rule = (apiGroups: readonly string[], resources: readonly string[]) => ({
    apiGroups,
    apiVersions: ["*"],
    operations: ["CREATE", "UPDATE", "DELETE"],
    resources,
    scope: "*",
  });
  const apiVersion = "admissionregistration.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: NAME, labels: LABELS },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          matchPolicy: "Equivalent",
          resourceRules: [
            rule([""], ["namespaces"]),
            rule(["rbac.authorization.k8s.io"], ["rolebindings", "clusterrolebindings"]),
          ],
        },
        matchConditions: [{ name: "operator", expression: `request.userInfo.username in [${listed}]` }],
        validations: [
          {
            expression: WITHIN_STACKS,
            message: "The operator may only touch namespaces and bindings of stacks (stack-…).",
            reason: "Forbidden",
          },
        ],
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: NAME, labels: LABELS },
      spec: { policyName: NAME, validationActions: ["Deny"] },
    },
  ];
}
