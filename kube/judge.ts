import type { Applier, Step, Target } from "./apply.ts";
import type { Clusters } from "./clusters.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import { entryOf, placeOf } from "./inventory.ts";
import type { KubeObject } from "./object.ts";
import { keyOf, keyText } from "./object.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { marked } from "./ownership.ts";
import type { InventoryEntry, PlannedObject } from "./plan.ts";
import { HOME } from "./plan.ts";
import type { ResourceTable } from "./resources.ts";

/** A wanted object, and what must be done about it. */
export interface Judged {
  readonly cluster: string;
  /** As it is sent: see `marked`. */
  readonly object: KubeObject;
  /** Absent when it cannot be told what is there. */
  readonly target: Target | undefined;
  readonly step: Step;
  /** The object without marks, when it is still to be completed. */
  readonly incomplete?: KubeObject | undefined;
}

export interface JudgeContext extends OwnershipMarks {
  readonly clusters: Clusters;
  readonly resources: ResourceTable;
  readonly applier: Applier;
  readonly isOurs: (live: KubeObject) => boolean;
  /** What was made for the owner before. */
  readonly known: readonly InventoryEntry[];
}

/** Compares everything that is wanted with what is there. Sends nothing but reads of what no cache has. */
export function judge(
  objects: readonly PlannedObject[],
  owner: KubeObject,
  context: JudgeContext,
): Promise<readonly Judged[]> {
  return Promise.all(objects.map((planned) => judgeOne(planned, owner, context)));
}

async function judgeOne(
  { cluster: name = HOME, object: bare, over, incomplete }: PlannedObject,
  owner: KubeObject,
  context: JudgeContext,
): Promise<Judged> {
  const { clusters, resources, applier, isOurs, known } = context;
  const object = marked(bare, name, owner, context);
  const cluster = clusters.get(name);
  const what = `${object.kind} ${keyText(keyOf(object))}`;
  const refused = (failure: Failure): Judged => {
    return { cluster: name, object, target: undefined, step: { do: "refuse", failure } };
  };
  if (!cluster) {
    const message = `${what} waits for cluster ${name}, which is not engaged.`;
    return refused({ reason: "ClusterUnavailable", message, kind: "waiting", cluster: name });
  }
  try {
    const resource = resources.of(object);
    const target: Target = { cluster, resource, object, isOurs, over };
    const place = placeOf(entryOf(name, object));
    const wasMade = () => known.some((entry) => entry.uid !== undefined && placeOf(entry) === place);
    const live = await applier.liveOf(target, wasMade);
    const judged = { cluster: name, object, target, step: applier.stepFor(target, live) };
    return incomplete ? { ...judged, incomplete: bare } : judged;
  } catch (error) {
    return refused(failureOf(error, `Reading ${what} in cluster ${name}`, name));
  }
}

/** What is refused is not ours, or not to be seen now: it is in the inventory only if it was there before. */
export function entryFor(
  { cluster, object, step }: Judged,
  known: readonly InventoryEntry[],
): InventoryEntry | undefined {
  const entry = entryOf(cluster, object, "uid" in step ? step.uid : undefined);
  return step.do === "refuse" ? known.find((each) => placeOf(each) === placeOf(entry)) : entry;
}

/** A step in a few characters, for people: `+ConfigMap a/b in ke`. */
export function describe({ cluster, object, step }: Judged): string {
  const sign = step.do === "create" ? "+" : "~";
  return `${sign}${object.kind} ${keyText(keyOf(object))}${cluster === HOME ? "" : ` in ${cluster}`}`;
}

/** A deletion in a few characters, for people: `-ConfigMap a/b in ke`. */
export function describeEntry(entry: InventoryEntry): string {
  return `-${entry.kind} ${keyText(entry)}${entry.cluster === HOME ? "" : ` in ${entry.cluster}`}`;
}
