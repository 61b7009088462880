import type { KubeObject } from "../../kube/object.ts";
import type { ENTRANCES } from "../stack/services.ts";

/** Counts that workloads report; Kubernetes leaves out what is zero. */
interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly succeeded?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
  }[];
  readonly loadBalancer?: {
    readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
  };
}

/** A Deployment, StatefulSet, Job or Service as far as readiness goes. */
export interface Workload extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: WorkloadStatus;
}

/** The live objects of a stack that readiness is read from, by kind and name: `Deployment gateway`. */
export type Observed = ReadonlyMap<string, Workload>;

/** One part of a stack, for `status.components`. */
export interface Component {
  readonly name: string;
  readonly ready: boolean;
  /** What it waits for. */
  readonly message?: string;
}

/** Key of an object in {@link Observed}. */
export function observedKey({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}

/** Whether each workload of a stack is up, in the order of the wanted objects. */
export function componentsOf(wanted: readonly KubeObject[], observed: Observed): readonly Component[] {
  return wanted.flatMap((object) => {
    const problem = PROBLEMS[object.kind];
    if (!problem) return [];
    const live = observed.get(observedKey(object));
    // A Job's name carries a hash of what it runs; people know it by its component.
    const name = object.metadata.labels?.["app.kubernetes.io/name"] ?? object.metadata.name;
    const message = live === undefined ? "not there yet" : problem(live);
    return [message === undefined ? { name, ready: true } : { name, ready: false, message }];
  });
}

const PROBLEMS: Readonly<Record<string, (live: Workload) => string | undefined>> = {
  Deployment: deploymentProblem,
  StatefulSet: statefulSetProblem,
  Job: jobProblem,
};

function deploymentProblem({ metadata, spec, status = {} }: Workload): string | undefined {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "the change is not seen yet";
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  const stuck = status.conditions?.find(({ type, status: is }) => type === "Progressing" && is === "False");
  if (updatedReplicas >= wanted && availableReplicas >= wanted && replicas === updatedReplicas && wanted > 0)
    return undefined;
  const counted = `${Math.min(updatedReplicas, availableReplicas)} of ${wanted} pods available`;
  return stuck?.message === undefined ? counted : `${counted}: ${stuck.message} See the events of its pods.`;
}

function statefulSetProblem({ metadata, spec, status = {} }: Workload): string | undefined {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "the change is not seen yet";
  const wanted = spec?.replicas ?? 1;
  const { readyReplicas = 0, currentRevision, updateRevision } = status;
  if (readyReplicas < wanted) return `${readyReplicas} of ${wanted} pods ready`;
  return currentRevision === updateRevision ? undefined : "its pod is being replaced";
}

function jobProblem({ status = {} }: Workload): string | undefined {
  if ((status.succeeded ?? 0) > 0) return undefined;
  const failed = status.conditions?.find(({ type, status: is }) => type === "Failed" && is === "True");
  return failed ? `failed: ${failed.message ?? "see its pod's log"}` : "has not finished yet";
}

/** Addresses of the three ways in, as far as they are assigned. */
export interface Addresses {
  readonly api?: string;
  readonly auth?: string;
  readonly mtlsAuth?: string;
}

/** Where the load balancers of a stack answer. */
export function addressesOf(observed: Observed): Addresses {
  const address = (service: keyof typeof ENTRANCES): string | undefined => {
    const first = observed.get(`Service ${service}`)?.status?.loadBalancer?.ingress?.[0];
    return first?.ip ?? first?.hostname;
  };
  const [api, auth, mtlsAuth] = [address("api"), address("auth"), address("mtls-auth")];
  return {
    ...(api === undefined ? {} : { api }),
    ...(auth === undefined ? {} : { auth }),
    ...(mtlsAuth === undefined ? {} : { mtlsAuth }),
  };
}
