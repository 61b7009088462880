import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { labelsOf, metadataOf } from "./metadata.ts";
import { absentFrom, type Stack } from "./stack.ts";

/** ClusterRoles that an installer puts into a region; the operator may bind these by name, and make none. */
export const ROLES = {
  /** Ask for the own service certificate. */
  service: "wekeza:service",
  /** Read signed shards and the roster in the own namespace. */
  signedConfigReader: "wekeza:signed-config-reader",
  /** Hear the hub's Lease, and say in one's own what is served. */
  server: "wekeza:server",
  /** Say in one's own Lease what is thought of partners. */
  reporter: "wekeza:reporter",
  /** Say how many live consents there are. */
  liveConsents: "wekeza:live-consents",
  /** Make the Secrets of the keys Job. */
  keys: "wekeza:keys",
  /** What the operator does inside one stack's namespace, Secrets included. */
  stackOperator: "wekeza:stack-operator",
} as const;

/** ServiceAccounts that have a certificate; the name is in it. */
const CERTIFIED = [
  "postgres",
  "postgres-read",
  "redis",
  "oauth",
  "consent",
  "banking",
  "events",
  "audit",
  "kafka",
  "gateway",
  "migrator",
  "seed",
] as const;

/** ServiceAccounts that read signed configuration. */
const READERS = ["gateway", "oauth", "consent", "events"] as const;

/** ServiceAccounts that serve partners by it, and say so. */
const SERVERS = ["gateway", "oauth"] as const;

/** ServiceAccounts that say what they think of partners, and serve by nothing that is told. */
const REPORTERS = ["banking"] as const;

/** The operator's own way into the namespace: without it the objects after it are refused. */
export function operatorAccess(chart: Chart, stack: Stack): void {
  new k8s.KubeRoleBinding(chart, "operator-access", {
    metadata: metadataOf(stack, "operator", "wekeza-operator"),
    roleRef: clusterRole(ROLES.stackOperator),
    subjects: [{ kind: "ServiceAccount", ...stack.operator }],
  });
}

/** One identity per process and Job, each with no more than it needs. */
export function accounts(chart: Chart, stack: Stack): void {
  const absent = absentFrom(stack);
  const present = CERTIFIED.filter((name) => !absent.has(name));
  serviceAccounts(chart, stack, [...present, "keys"]);
  certificates(chart, stack, present);
  bindReaders(chart, stack, READERS, SERVERS);
  new k8s.KubeRoleBinding(chart, "reporters", {
    metadata: metadataOf(stack, "accounts", "reporters"),
    roleRef: clusterRole(ROLES.reporter),
    subjects: subjects(stack.namespace, REPORTERS),
  });
  new k8s.KubeRoleBinding(chart, "live-consents", {
    metadata: metadataOf(stack, "accounts", "live-consents"),
    roleRef: clusterRole(ROLES.liveConsents),
    subjects: subjects(stack.namespace, ["consent"]),
  });
  bindKeys(chart, stack, stack.namespace);
}

/** The identity of a partner's own gateways; the stack's keys Job brings them what they share with the group's. */
export function gatewayAccount(chart: Chart, stack: Stack, home: string): void {
  serviceAccounts(chart, stack, GATEWAY);
  certificates(chart, stack, GATEWAY);
  bindReaders(chart, stack, GATEWAY, GATEWAY);
  bindKeys(chart, stack, home);
}

const GATEWAY = ["gateway"] as const;

const subjects = (namespace: string, names: readonly string[]): k8s.Subject[] =>
  names.map((name) => ({ kind: "ServiceAccount", name, namespace }));

function serviceAccounts(chart: Chart, stack: Stack, names: readonly string[]): void {
  for (const name of names)
    new k8s.KubeServiceAccount(chart, `${name}-account`, {
      metadata: metadataOf(stack, name),
      automountServiceAccountToken: false,
    });
}

/** CertificateSigningRequests have no namespace, so neither has the right to make them. */
function certificates(chart: Chart, stack: Stack, names: readonly string[]): void {
  new k8s.KubeClusterRoleBinding(chart, "certificates", {
    metadata: { name: `wekeza-service-${stack.namespace}`, labels: labelsOf(stack, "accounts") },
    roleRef: clusterRole(ROLES.service),
    subjects: subjects(stack.namespace, names),
  });
}

function bindReaders(
  chart: Chart,
  stack: Stack,
  readers: readonly string[],
  servers: readonly string[],
): void {
  new k8s.KubeRoleBinding(chart, "signed-config-readers", {
    metadata: metadataOf(stack, "accounts", "signed-config-readers"),
    roleRef: clusterRole(ROLES.signedConfigReader),
    subjects: subjects(stack.namespace, readers),
  });
  new k8s.KubeRoleBinding(chart, "servers", {
    metadata: metadataOf(stack, "accounts", "servers"),
    roleRef: clusterRole(ROLES.server),
    subjects: subjects(stack.namespace, servers),
  });
}

/** The account of the keys Job may put Secrets here, from whichever namespace it works in. */
function bindKeys(chart: Chart, stack: Stack, namespace: string): void {
  new k8s.KubeRoleBinding(chart, "keys-makers", {
    metadata: metadataOf(stack, "accounts", "keys"),
    roleRef: clusterRole(ROLES.keys),
    subjects: subjects(namespace, ["keys"]),
  });
}

function clusterRole(name: string): k8s.RoleRef {
  return { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
}
