import type { KubeObject, Manifest, Resource } from "./object.ts";
import { kindText, resource } from "./object.ts";

/** Small facts that processes read from a volume or watch. */
export interface ConfigMap extends KubeObject {
  readonly immutable?: boolean | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
  readonly binaryData?: Readonly<Record<string, string>> | undefined;
}

/** Secret bytes; `data` is base64. */
export interface Secret extends KubeObject {
  readonly type?: string | undefined;
  readonly immutable?: boolean | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
}

/** Who holds something, since when and until when (coordination.k8s.io). Times are MicroTime strings. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | undefined;
    readonly leaseDurationSeconds?: number | undefined;
    readonly acquireTime?: string | undefined;
    readonly renewTime?: string | undefined;
    readonly leaseTransitions?: number | undefined;
  };
}

/** A request for a certificate (certificates.k8s.io/v1). `request` and `certificate` are base64 PEM. */
export interface CertificateSigningRequest extends KubeObject {
  readonly spec: {
    readonly request: string;
    readonly signerName: string;
    readonly expirationSeconds?: number | undefined;
    readonly usages: readonly string[];
    /** Set by the API server: who asked. */
    readonly username?: string | undefined;
    readonly groups?: readonly string[] | undefined;
  };
  readonly status?: {
    readonly certificate?: string | undefined;
    readonly conditions?: readonly {
      readonly type: "Approved" | "Denied" | "Failed";
      readonly status: "True" | "False" | "Unknown";
      readonly reason?: string | undefined;
      readonly message?: string | undefined;
    }[];
  };
}

const core = (kind: string, plural: string, namespaced = true): Resource =>
  resource({ apiVersion: "v1", kind, plural, namespaced });
const named = (apiVersion: string, kind: string, plural: string, namespaced = true): Resource =>
  resource({ apiVersion, kind, plural, namespaced });

export const namespaces = core("Namespace", "namespaces", false);
export const nodes = core("Node", "nodes", false);
export const pods = core("Pod", "pods");
export const services = core("Service", "services");
export const serviceAccounts = core("ServiceAccount", "serviceaccounts");
export const endpoints = core("Endpoints", "endpoints");
export const persistentVolumes = core("PersistentVolume", "persistentvolumes", false);
export const persistentVolumeClaims = core("PersistentVolumeClaim", "persistentvolumeclaims");
export const resourceQuotas = core("ResourceQuota", "resourcequotas");
export const limitRanges = core("LimitRange", "limitranges");
export const configMaps: Resource<ConfigMap> = resource({
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
});
export const secrets: Resource<Secret> = resource({
  apiVersion: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
});
export const leases: Resource<Lease> = resource({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
});
export const certificateSigningRequests: Resource<CertificateSigningRequest> = resource({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  namespaced: false,
});
export const deployments = named("apps/v1", "Deployment", "deployments");
export const statefulSets = named("apps/v1", "StatefulSet", "statefulsets");
export const daemonSets = named("apps/v1", "DaemonSet", "daemonsets");
export const replicaSets = named("apps/v1", "ReplicaSet", "replicasets");
export const jobs = named("batch/v1", "Job", "jobs");
export const cronJobs = named("batch/v1", "CronJob", "cronjobs");
export const horizontalPodAutoscalers = named(
  "autoscaling/v2",
  "HorizontalPodAutoscaler",
  "horizontalpodautoscalers",
);
export const podDisruptionBudgets = named("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets");
export const networkPolicies = named("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies");
export const ingresses = named("networking.k8s.io/v1", "Ingress", "ingresses");
export const endpointSlices = named("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
export const storageClasses = named("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
export const priorityClasses = named("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false);
export const roles = named("rbac.authorization.k8s.io/v1", "Role", "roles");
export const roleBindings = named("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings");
export const clusterRoles = named("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false);
export const clusterRoleBindings = named(
  "rbac.authorization.k8s.io/v1",
  "ClusterRoleBinding",
  "clusterrolebindings",
  false,
);
export const events = named("events.k8s.io/v1", "Event", "events");
export const customResourceDefinitions = named(
  "apiextensions.k8s.io/v1",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  false,
);
export const validatingAdmissionPolicies = named(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicy",
  "validatingadmissionpolicies",
  false,
);
export const validatingAdmissionPolicyBindings = named(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicyBinding",
  "validatingadmissionpolicybindings",
  false,
);
export const flowSchemas = named("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", false);
export const priorityLevelConfigurations = named(
  "flowcontrol.apiserver.k8s.io/v1",
  "PriorityLevelConfiguration",
  "prioritylevelconfigurations",
  false,
);

/** The built-in kinds that the kit knows by name. */
export const builtIns: readonly Resource<KubeObject>[] = [
  namespaces,
  nodes,
  pods,
  services,
  serviceAccounts,
  endpoints,
  persistentVolumes,
  persistentVolumeClaims,
  resourceQuotas,
  limitRanges,
  configMaps,
  secrets,
  leases,
  certificateSigningRequests,
  deployments,
  statefulSets,
  daemonSets,
  replicaSets,
  jobs,
  cronJobs,
  horizontalPodAutoscalers,
  podDisruptionBudgets,
  networkPolicies,
  ingresses,
  endpointSlices,
  storageClasses,
  priorityClasses,
  roles,
  roleBindings,
  clusterRoles,
  clusterRoleBindings,
  events,
  customResourceDefinitions,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  flowSchemas,
  priorityLevelConfigurations,
] as readonly Resource<KubeObject>[];

/** Finds the resource of an object by its `apiVersion` and `kind`. */
export interface ResourceTable {
  /** @throws Error when the kind is not in the table. */
  of(object: { readonly apiVersion: string; readonly kind: string }): Resource<KubeObject>;
}

/** A table of the built-in kinds and the caller's own. */
export function resourceTable(own: readonly Resource<KubeObject>[] = []): ResourceTable {
  const byKind = new Map<string, Resource<KubeObject>>();
  for (const each of [...builtIns, ...(own as readonly Resource<KubeObject>[])])
    byKind.set(kindText(each), each);
  return {
    of(object) {
      const found = byKind.get(kindText(object));
      if (found) return found;
      throw new Error(
        `Kind ${kindText(object)} is not in the resource table: add it with resourceTable([…]).`,
      );
    },
  };
}

/** An object of a kind without an interface, read as plain JSON. */
export type { Manifest };
