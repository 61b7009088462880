import type { KubeObject } from "./object.ts";
import type { InventoryEntry } from "./plan.ts";

/** What an entry is about, without the UID: equal for the same place. */
export function placeOf({ cluster, apiVersion, kind, namespace, name }: InventoryEntry): string {
  // The version is not part of it: the same object under v1beta1 and v1 is one object.
  return [cluster, apiVersion.replace(/\/?[^/]*$/, ""), kind, namespace ?? "", name].join("|");
}

/** The entry of an object in a cluster. `uid` is known once the object exists. */
export function entryOf(
  cluster: string,
  { apiVersion, kind, metadata }: KubeObject,
  uid?: string,
): InventoryEntry {
  return {
    cluster,
    apiVersion,
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
    ...(uid === undefined ? {} : { uid }),
  };
}

/** Entries that are no longer wanted, last created first. */
export function unwanted(
  inventory: readonly InventoryEntry[],
  wanted: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const places = new Set(wanted.map(placeOf));
  return inventory.filter((entry) => !places.has(placeOf(entry))).toReversed();
}

/** Entries of `now` that are not in `before`. */
export function additions(
  before: readonly InventoryEntry[],
  now: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const places = new Set(before.map(placeOf));
  return now.filter((entry) => !places.has(placeOf(entry)));
}

/**
 * What is wanted and what is still to be pruned: everything that may exist, in the order of creation.
 *
 * Written before anything is created, so that a crash leaves nothing behind that nobody knows of.
 */
export function inventoryOf(
  wanted: readonly InventoryEntry[],
  remaining: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const places = new Set(wanted.map(placeOf));
  return [...wanted, ...remaining.filter((entry) => !places.has(placeOf(entry)))];
}
