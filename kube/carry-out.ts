import { type Applier, Refused } from "./apply.ts";
import type { Clusters } from "./clusters.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { Judged } from "./judge.ts";
import type { KubeObject } from "./object.ts";
import { keyOf, keyText } from "./object.ts";
import type { InventoryEntry } from "./plan.ts";
import type { PruneContext, Pruned } from "./prune.ts";
import { prune } from "./prune.ts";

/** What applying came to. */
export interface Applied {
  readonly writes: number;
  readonly failures: readonly Failure[];
  /** What turned out to be there already and not to be ours. */
  readonly refused: readonly Judged[];
}

/**
 * Applies what differs: in order within a cluster, clusters side by side.
 *
 * @param complete brings what an incomplete object lacks; the answer is as it is sent.
 */
export async function applyAll(
  todo: readonly Judged[],
  applier: Applier,
  complete: (cluster: string, incomplete: KubeObject) => Promise<KubeObject>,
): Promise<Applied> {
  const failures: Failure[] = [];
  const refused: Judged[] = [];
  let writes = 0;
  const inCluster = async (steps: readonly Judged[]): Promise<void> => {
    for (const each of steps) {
      const { cluster, object, target, step, incomplete } = each;
      if (!target || (step.do !== "create" && step.do !== "update")) continue;
      try {
        const whole = incomplete ? await complete(cluster, incomplete) : object;
        await applier.apply({ ...target, object: whole }, step);
        writes++;
      } catch (error) {
        if (error instanceof Refused) {
          refused.push(each);
          failures.push(error.failure);
          continue;
        }
        const what = `${object.kind} ${keyText(keyOf(object))} in cluster ${cluster}`;
        const failure = failureOf(error, `Applying ${what}`, cluster);
        failures.push(failure);
        // The rest would only wait for the same silence.
        if (failure.reason === "ClusterUnavailable") return;
      }
    }
  };
  await Promise.all([...Map.groupBy(todo, ({ cluster }) => cluster).values()].map(inCluster));
  return { writes, failures, refused };
}

/** Deletes what is no longer wanted: in order within a cluster, clusters side by side. */
export async function pruneAll(
  doomed: readonly InventoryEntry[],
  context: PruneContext & { readonly clusters: Clusters },
): Promise<readonly Pruned[]> {
  const inCluster = async (entries: readonly InventoryEntry[]): Promise<readonly Pruned[]> => {
    const pruned: Pruned[] = [];
    for (const entry of entries) {
      const result = await prune(entry, context.clusters.get(entry.cluster), context);
      pruned.push(result);
      if (result.failure?.reason === "ClusterUnavailable") break;
    }
    return pruned;
  };
  const byCluster = Map.groupBy(doomed, ({ cluster }) => cluster);
  return (await Promise.all([...byCluster.values()].map(inCluster))).flat();
}
