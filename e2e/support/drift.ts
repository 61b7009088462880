import { until } from "../../local/wait.ts";
import type { KubeObject } from "../../kube/object.ts";
import { type Leaf, otherValues, ownedLeaves, type Scalar, valueAt } from "./owned-fields.ts";
import { OPERATOR, type OwnedObject, presentState } from "./owned-objects.ts";

/** Longest time until what a hand changed is as it was, in ms. */
export const RESTORED_WITHIN = 10_000;

/** What came of changing one object by hand. */
export interface Change {
  /** Values that were changed, all at once. */
  readonly changed: number;
  /** Pointers of values that the API server lets nobody change, such as a selector. */
  readonly guarded: readonly string[];
  /** Milliseconds until all were restored; undefined when there was nothing to change. */
  readonly restoredAfter: number | undefined;
}

/**
 * Changes every value the operator set in an object, and waits until each is as it was.
 *
 * @param touch picks the values to change; the others are left.
 * @throws Error that names the values that were not restored in time.
 */
export async function changeByHand(owned: OwnedObject, touch: (leaf: Leaf) => boolean): Promise<Change> {
  const before = await presentState(owned);
  if (before === undefined) throw new Error(`${owned.text} is in the inventory but does not exist`);
  const leaves = ownedLeaves(before, OPERATOR).filter(touch);
  const wanted = await acceptable(owned, leaves);
  const changes = wanted.filter((change) => change.value !== undefined);
  const guarded = wanted.filter((change) => change.value === undefined).map(({ leaf }) => leaf.pointer);
  if (changes.length === 0) return { changed: 0, guarded, restoredAfter: undefined };

  const start = performance.now();
  await patch(
    owned,
    changes.map(({ leaf, value }) => replace(leaf, value)),
  );
  let wrong: readonly string[] = [];
  await until(
    async () => {
      const now = await presentState(owned);
      wrong = changes
        .filter(({ leaf }) => valueAt(now, leaf.pointer) !== leaf.value)
        .map(({ leaf }) => leaf.pointer);
      return wrong.length === 0;
    },
    { timeout: RESTORED_WITHIN, every: 50, what: `${owned.text} to be restored` },
  ).catch((cause: unknown) => {
    throw new Error(`${owned.text}: not restored within ${RESTORED_WITHIN / 1000} s: ${wrong.join(", ")}`, {
      cause,
    });
  });
  return { changed: changes.length, guarded, restoredAfter: performance.now() - start };
}

/**
 * Deletes an object by hand and waits until there is a new one with everything the operator set.
 *
 * @returns milliseconds until then.
 */
export async function deleteByHand(owned: OwnedObject): Promise<number> {
  const before = await presentState(owned);
  if (before === undefined) throw new Error(`${owned.text} is in the inventory but does not exist`);
  const { client, resource, entry } = owned;
  const start = performance.now();
  await client.delete(resource, { namespace: entry.namespace, name: entry.name });
  const wanted = ownedLeaves(before, OPERATOR).length;
  await until(
    async () => {
      const now = await presentState(owned);
      return (
        now !== undefined &&
        now.metadata.uid !== before.metadata.uid &&
        ownedLeaves(now, OPERATOR).length >= wanted
      );
    },
    { timeout: RESTORED_WITHIN, every: 50, what: `${owned.text} to be made again` },
  );
  return performance.now() - start;
}

interface Wanted {
  readonly leaf: Leaf;
  /** Undefined when the API server accepts no other. */
  readonly value: Scalar | undefined;
}

/** For each value another one that the API server would accept, asked by dry runs. */
async function acceptable(owned: OwnedObject, leaves: readonly Leaf[]): Promise<readonly Wanted[]> {
  const wanted: Wanted[] = [];
  for (const leaf of leaves) wanted.push({ leaf, value: await acceptedValue(owned, leaf) });
  return wanted;
}

async function acceptedValue(owned: OwnedObject, leaf: Leaf): Promise<Scalar | undefined> {
  for (const value of otherValues(leaf.value)) {
    const after = await patch(owned, [replace(leaf, value)], true).catch(() => undefined);
    if (after !== undefined && valueAt(after, leaf.pointer) === value) return value;
  }
  return undefined;
}

function replace({ pointer }: Leaf, value: Scalar | undefined) {
  return { op: "replace", path: pointer, value };
}

function patch(owned: OwnedObject, operations: readonly unknown[], dryRun = false): Promise<KubeObject> {
  const { client, resource, entry } = owned;
  const key = { namespace: entry.namespace, name: entry.name };
  return client.patch(resource, key, { json: operations }, { dryRun, fieldManager: "e2e" });
}
