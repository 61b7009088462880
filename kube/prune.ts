import type { Cluster } from "./cluster.ts";
import { isConflict } from "./error.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { KubeObject } from "./object.ts";
import { keyText } from "./object.ts";
import type { InventoryEntry } from "./plan.ts";
import type { ResourceTable } from "./resources.ts";

/** What became of an entry that is no longer wanted. */
export interface Pruned {
  readonly entry: InventoryEntry;
  /** True when nothing of ours is there any more: the entry can be forgotten. */
  readonly gone: boolean;
  /** A delete was sent. */
  readonly wrote: boolean;
  readonly failure?: Failure | undefined;
}

/** What pruning needs to know beside the entry. */
export interface PruneContext {
  readonly resources: ResourceTable;
  readonly isOurs: (live: KubeObject) => boolean;
  readonly now: Date;
}

/** Things a deleted object leaves behind are waited for this long before people are told who blocks, in ms. */
const PATIENCE = 30_000;

/**
 * Deletes what an entry names, if it is still the same object and ours.
 *
 * The delete names UID and resource version: a successor or a changed object is left alone and looked at again.
 */
export async function prune(
  entry: InventoryEntry,
  cluster: Cluster | undefined,
  { resources, isOurs, now }: PruneContext,
): Promise<Pruned> {
  const what = `${entry.kind} ${keyText(entry)} in cluster ${entry.cluster}`;
  const stays = (failure: Failure, wrote = false): Pruned => ({ entry, gone: false, wrote, failure });
  if (!cluster) {
    const message = `${what} cannot be deleted: the cluster is not engaged. It is deleted when the cluster is back.`;
    return stays({ reason: "ClusterUnavailable", message, kind: "waiting", cluster: entry.cluster });
  }
  try {
    const resource = resources.of(entry);
    const cache = cluster.cache(resource);
    const cached = cache?.synced ? cache.get(entry) : undefined;
    const known =
      cached ?? (cache?.synced && cache.complete ? undefined : await cluster.client.get(resource, entry));
    const isSame = known && (entry.uid === undefined || known.metadata.uid === entry.uid) && isOurs(known);
    if (!isSame) return { entry, gone: true, wrote: false };
    const { uid, resourceVersion, deletionTimestamp, finalizers } = known.metadata;
    if (deletionTimestamp !== undefined) {
      const blockers = (finalizers ?? []).join(", ");
      const long = now.getTime() - Date.parse(deletionTimestamp) > PATIENCE;
      const message = `${what} is being deleted${
        long && blockers !== "" ? ` and waits for finalizers that are not ours: ${blockers}` : ""
      }.`;
      return stays({ reason: "Terminating", message, kind: "waiting", cluster: entry.cluster });
    }
    const answer = await cluster.client.delete(resource, entry, { uid, resourceVersion });
    return { entry, gone: answer !== "terminating", wrote: true };
  } catch (error) {
    if (isConflict(error)) {
      const message = `${what} changed while it was being deleted; it is looked at again.`;
      return stays({ reason: "Conflict", message, kind: "transient", cluster: entry.cluster }, true);
    }
    return stays(failureOf(error, `Deleting ${what}`, entry.cluster));
  }
}
