import type { Manifest } from "./objects.ts";

/** One right: verbs on resources of one API group. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Who is given a right. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

const LABELS = { "app.kubernetes.io/part-of": "wekeza" } as const;
const RBAC = "rbac.authorization.k8s.io";

/** A right in short: `rule("apps/deployments", "get list")`, with further resources of the group behind commas. */
export function rule(what: string, verbs: string, resourceNames?: readonly string[]): Rule {
  const slash = what.indexOf("/");
  const group = what.slice(0, slash);
  return {
    apiGroups: [group],
    resources: what.slice(slash + 1).split(","),
    verbs: verbs.split(" "),
    ...(resourceNames ? { resourceNames } : {}),
  };
}

/** A ClusterRole that is bound elsewhere. */
export function clusterRole(name: string, rules: readonly Rule[]): Manifest {
  return { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name, labels: LABELS }, rules };
}

/** Rights in the whole cluster, and who has them. */
export function clusterAccess(name: string, account: Account, rules: readonly Rule[]): readonly Manifest[] {
  return [clusterRole(name, rules), clusterBinding(name, name, account)];
}

/** A ClusterRole given to one account. */
export function clusterBinding(name: string, role: string, account: Account): Manifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name, labels: LABELS },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}

/** Rights in one namespace, and who has them. */
export function access(
  namespace: string,
  name: string,
  account: Account,
  rules: readonly Rule[],
): readonly Manifest[] {
  const metadata = { name, namespace, labels: LABELS };
  return [
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ];
}
