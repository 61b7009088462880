import type { Manifest } from "./objects.ts";

const LABELS = { "app.kubernetes.io/part-of": "wekeza" } as const;
const API_VERSION = "admissionregistration.k8s.io/v1";

/** What the API server checks beyond schemas, in CEL. */
export interface AdmissionRule {
  readonly name: string;
  /** What is checked; all versions of all groups named. */
  readonly resources: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  }[];
  /** Only in these namespaces; absent: in all, and outside of any. */
  readonly namespaces?: readonly string[];
  /** Requests that it does not match are let through unseen: name → CEL. */
  readonly conditions?: Readonly<Record<string, string>>;
  /** Names for what several validations need: name → CEL. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Each must hold; the message is what the person refused reads. */
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

/** A policy and its binding: whoever breaks it is refused, and while it cannot be checked, too. */
export function admission(rule: AdmissionRule): readonly Manifest[] {
  const { name, resources, namespaces, conditions = {}, variables = {}, validations } = rule;
  const listed = (named: Readonly<Record<string, string>>) =>
    Object.entries(named).map(([key, expression]) => ({ name: key, expression }));
  const matchResources = {
    namespaceSelector: {
      matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: namespaces }],
    },
  };
  return [
    {
      apiVersion: API_VERSION,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name, labels: LABELS },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          matchPolicy: "Equivalent",
          resourceRules: resources.map(({ operations, ...each }) => ({
            ...each,
            apiVersions: ["*"],
            operations: [...operations],
            scope: "*",
          })),
        },
        ...(rule.conditions ? { matchConditions: listed(conditions) } : {}),
        ...(rule.variables ? { variables: listed(variables) } : {}),
        validations: validations.map((each) => ({ ...each, reason: "Forbidden" })),
      },
    },
    {
      apiVersion: API_VERSION,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name, labels: LABELS },
      spec: {
        policyName: name,
        validationActions: ["Deny"],
        ...(namespaces ? { matchResources } : {}),
      },
    },
  ];
}

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
  const operations = ["CREATE", "UPDATE", "DELETE"] as const;
  return admission({
    name: "wekeza-operator-bounds",
    resources: [
      { apiGroups: [""], operations, resources: ["namespaces"] },
      {
        apiGroups: ["rbac.authorization.k8s.io"],
        operations,
        resources: ["rolebindings", "clusterrolebindings"],
      },
    ],
    conditions: {
      operator: `request.userInfo.username in [${users.map((user) => `'${user}'`).join(", ")}]`,
    },
    validations: [
      {
        expression: WITHIN_STACKS,
        message: "The operator may only touch namespaces and bindings of stacks (stack-…).",
      },
    ],
  });
}
