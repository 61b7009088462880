import type { ClusterPlan, InstancePlan } from "../address-plan.ts";
import type { FoundationImages } from "../image/images.ts";
import { corednsObjects } from "./addon-coredns.ts";
import { metricsServerObjects } from "./addon-metrics-server.ts";
import { USERS } from "./certificates.ts";
import { PROVISIONER } from "./volume-plan.ts";

/** A Kubernetes object as it is applied. */
export interface Addon {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

const READ = ["get", "list", "watch"];

/** Everything that is in a new cluster before anybody uses it: rights, storage, DNS, metrics. */
export function addons(
  instance: InstancePlan,
  plan: ClusterPlan,
  images: FoundationImages,
): readonly Addon[] {
  return [
    ...grant("local:kube-proxy", USERS.proxy.commonName, "system:node-proxier"),
    ...grant("local:volume-provisioner", USERS.volumes.commonName, [
      { apiGroups: [""], resources: ["pods", "persistentvolumeclaims"], verbs: READ },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...READ, "create", "patch", "delete"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: READ },
    ]),
    ...grant("local:load-balancer", USERS["load-balancer"].commonName, [
      { apiGroups: [""], resources: ["services"], verbs: READ },
      { apiGroups: [""], resources: ["services/status"], verbs: ["patch"] },
    ]),
    ...grant("local:network-policy", USERS["network-policy"].commonName, [
      { apiGroups: [""], resources: ["pods", "namespaces"], verbs: READ },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: READ },
    ]),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: PROVISIONER,
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
    },
    ...corednsObjects(instance, plan, images.coredns.reference),
    ...metricsServerObjects(images.metricsServer.reference),
  ];
}

/** A role bound to one user: a present ClusterRole by name, or a new one with these rules. */
function grant(name: string, user: string, role: string | readonly object[]): readonly Addon[] {
  const rbac = "rbac.authorization.k8s.io/v1";
  const apiGroup = "rbac.authorization.k8s.io";
  return [
    ...(typeof role === "string"
      ? []
      : [{ apiVersion: rbac, kind: "ClusterRole", metadata: { name }, rules: role }]),
    {
      apiVersion: rbac,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name: typeof role === "string" ? role : name },
      subjects: [{ kind: "User", name: user, apiGroup }],
    },
  ];
}
