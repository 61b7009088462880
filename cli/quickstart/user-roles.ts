import { GROUP } from "../../crds/kind.ts";
import type { Manifest } from "../../kube/object.ts";

const RBAC = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];
/** Label of everything that the quickstart puts into the hub. */
export const LABELS = { "app.kubernetes.io/part-of": "wekeza-quickstart" };

/** A person of the quickstart: Kubernetes knows them by the name in their client certificate. */
export type UserName = "sre" | "compliance";
export const USERS: readonly UserName[] = ["sre", "compliance"];

/**
 * What each of the two persons may do in the hub, as objects to apply.
 *
 * The SRE declares partners but approves no certificate; compliance approves but declares nothing. Neither may make or
 * label a namespace, because a label on the namespace would approve without asking.
 */
export function userRoles(): readonly Manifest[] {
  return [
    clusterRole("sre", [
      {
        apiGroups: [GROUP],
        resources: ["partners", "consentpolicies", "regions", "failovergroups"],
        verbs: [...READ, "create", "update", "patch", "delete"],
      },
      { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"], verbs: READ },
      { apiGroups: [""], resources: ["namespaces"], verbs: READ },
      { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: READ },
    ]),
    clusterRole("compliance", [
      { apiGroups: [GROUP], resources: ["partners", "consentpolicies"], verbs: READ },
      { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"], verbs: READ },
      {
        apiGroups: ["certificates.k8s.io"],
        resources: ["certificatesigningrequests/approval"],
        verbs: ["update", "patch"],
      },
      {
        apiGroups: ["certificates.k8s.io"],
        resources: ["signers"],
        resourceNames: [`${GROUP}/partner-mtls`],
        verbs: ["approve"],
      },
    ]),
    ...USERS.map(clusterRoleBinding),
    ...nameServerReader(),
  ];
}

/** The address of the hub's name server stands in a Service's status; the SRE may read it, in that namespace alone. */
function nameServerReader(): readonly Manifest[] {
  const metadata = { name: "wekeza:quickstart-sre", namespace: "wekeza-dns", labels: LABELS };
  return [
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: [""], resources: ["services"], verbs: READ }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
      subjects: [subject("sre")],
    },
  ];
}

function clusterRole(user: UserName, rules: readonly unknown[]): Manifest {
  return { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: metadataFor(user), rules };
}

function clusterRoleBinding(user: UserName): Manifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: metadataFor(user),
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: metadataFor(user).name },
    subjects: [subject(user)],
  };
}

function metadataFor(user: UserName) {
  return { name: `wekeza:quickstart-${user}`, labels: LABELS };
}

function subject(user: UserName) {
  return { apiGroup: RBAC, kind: "User", name: user };
}
