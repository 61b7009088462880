import type { Client } from "../../kube/client.ts";
import { isConflict } from "../../kube/error.ts";
import type { KubeObject } from "../../kube/object.ts";
import { pods } from "../../kube/resources.ts";
import type { Observed, Workload } from "./component.ts";

/** Label by which the controller of StatefulSets says of which revision a pod is. */
const REVISION = "controller-revision-hash";

/** A pod that stands in the way of the one that is to take its place, as it was read. */
export interface LeftPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Ends such pods; whoever made them makes others. */
export interface PodsAction {
  readonly do: "replacePods";
  /** Name under which the kit knows the cluster. */
  readonly cluster: string;
  readonly pods: readonly LeftPod[];
}

interface Pod extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * Pods of StatefulSets that are of another revision than is wanted now, and not ready: left behind by what an upgrade or a hand put there
 * before.
 *
 * Kubernetes does not always replace them: the rollout of what is right waits for a pod to get ready that never will (kubernetes/kubernetes#67250).
 * Pod management `Parallel` avoids that, but not where the feature gate `MaxUnavailableStatefulSet` is on.
 *
 * @throws KubeError.
 */
export async function leftPodsIn(
  client: Client,
  namespace: string,
  observed: Observed,
): Promise<readonly LeftPod[]> {
  const halted = [...observed.values()].filter(isHalted);
  // Mostly there are none, and nothing is asked.
  if (halted.length === 0) return [];
  const { items } = await client.list(pods, { namespace });
  return halted.flatMap((set) => leftBehind(set, items as readonly Pod[]));
}

/** Whether a StatefulSet has fewer pods than it should, both ready and of the revision that its controller has said is wanted. */
function isHalted({ kind, metadata, status = {} }: Workload): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  // What was said of a template before is no word on which pods this one wants.
  const seen = observedGeneration >= (metadata.generation ?? 0);
  return kind === "StatefulSet" && seen && updatedReplicas < replicas && readyReplicas < replicas;
}

/** Its pods that are to be ended; never one that is ready, and none that ends already. */
export function leftBehind({ metadata, status }: Workload, among: readonly Pod[]): readonly LeftPod[] {
  const wanted = status?.updateRevision;
  if (wanted === undefined) return [];
  return among.flatMap(({ metadata: pod, status: { conditions = [] } = {} }) => {
    const { namespace, name, uid, resourceVersion, labels, ownerReferences = [], deletionTimestamp } = pod;
    const own = ownerReferences.some((each) => each.controller === true && each.uid === metadata.uid);
    const revision = labels?.[REVISION];
    const ready = conditions.some(({ type, status: is }) => type === "Ready" && is === "True");
    if (!own || ready || revision === undefined || revision === wanted || deletionTimestamp !== undefined)
      return [];
    if (namespace === undefined || uid === undefined || resourceVersion === undefined) return [];
    return [{ namespace, name, uid, resourceVersion }];
  });
}

/**
 * Ends each of them as it was read, with the time to finish that it has: one that is another by now, or has changed, got ready perhaps,
 * is left alone.
 *
 * @throws KubeError.
 */
export async function replacePods(client: Client, left: readonly LeftPod[]): Promise<void> {
  for (const { uid, resourceVersion, ...key } of left)
    try {
      await client.delete(pods, key, { uid, resourceVersion });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
}
