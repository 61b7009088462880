import type { Client } from "../kube/client.ts";
import { type KubeObject, keyOf, type Resource } from "../kube/object.ts";
import { deployments, jobs, namespaces, resourceTable, services, statefulSets } from "../kube/resources.ts";
import type { Event, History } from "./historian.ts";
import { finalizeNamespace, remove } from "./sweep.ts";

/** What a person sees of an object that controllers of a cluster write to. */
interface Seen extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly type?: string;
    readonly finalizers?: readonly string[];
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly succeeded?: number;
    readonly loadBalancer?: { readonly ingress?: unknown };
  };
}

const table = resourceTable();

/**
 * What a whole cluster does with the objects of a stack, on a server that has neither controllers nor nodes: workloads get
 * ready at once, load balancers get addresses, and a namespace that is deleted is emptied and goes.
 *
 * @returns ends it, once what is on its way is done.
 */
export function startClusterControllers(
  history: History,
  client: Client,
  group: string,
): () => Promise<void> {
  const namespace = `stack-${group}`;
  let stopped = false;
  const work = new Map<string, Promise<unknown>>();
  const after = (object: KubeObject, what: () => Promise<unknown>): void => {
    const place = `${object.kind} ${object.metadata.name}`;
    // What has changed or gone meanwhile is told again.
    work.set(
      place,
      (work.get(place) ?? Promise.resolve()).then(what).catch(() => undefined),
    );
  };
  const write = (resource: Resource<KubeObject>, object: KubeObject, status: unknown): void =>
    after(object, () =>
      client.patch(resource, keyOf(object), { merge: { status } }, { subresource: "status" }),
    );
  const empty = async (): Promise<void> => {
    const inside = [...history.live.values()].filter(({ metadata }) => metadata.namespace === namespace);
    await Promise.all(inside.map((object) => remove(client, table.of(object), object)));
    await finalizeNamespace(client, namespace);
  };
  history.onEvent(({ type, object }: Event) => {
    const { kind, metadata } = object;
    if (stopped || type === "removed") return;
    if (kind === namespaces.kind && metadata.name === namespace && metadata.deletionTimestamp !== undefined)
      after(object, empty);
    if (metadata.namespace !== namespace || metadata.deletionTimestamp !== undefined) return;
    const change = answerOf(object as Seen);
    if (change) write(table.of(object), object, change);
  });
  return async () => {
    stopped = true;
    await Promise.all(work.values());
  };
}

/** The status that controllers give an object, unless it has it. */
function answerOf({ kind, metadata, spec, status }: Seen): unknown {
  const { generation: observedGeneration = 1 } = metadata;
  const seen = status?.observedGeneration === observedGeneration;
  const replicas = spec?.replicas ?? 1;
  switch (kind) {
    case deployments.kind: {
      const counts = { updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
      return seen ? undefined : { observedGeneration, replicas, ...counts };
    }
    case statefulSets.kind: {
      const revision = { currentRevision: "1", updateRevision: "1" };
      return seen ? undefined : { observedGeneration, replicas, readyReplicas: replicas, ...revision };
    }
    case jobs.kind:
      return status?.succeeded === undefined ? finished() : undefined;
    case services.kind:
      if (spec?.type !== "LoadBalancer" || status?.loadBalancer?.ingress !== undefined) return undefined;
      return { loadBalancer: { ingress: [{ ip: "192.0.2.1", ipMode: "VIP" }] } };
    default:
      return undefined;
  }
}

/** What the API server accepts as the status of a Job that is over. */
function finished(): unknown {
  const at = new Date().toISOString().replace(/\.\d+Z/, "Z");
  const condition = (type: string): unknown => ({
    type,
    status: "True",
    lastProbeTime: at,
    lastTransitionTime: at,
  });
  return {
    startTime: at,
    completionTime: at,
    succeeded: 1,
    conditions: [condition("SuccessCriteriaMet"), condition("Complete")],
  };
}
