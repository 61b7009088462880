import type { Cluster } from "./cluster.ts";
import { entryOf, placeOf } from "./inventory.ts";
import type { KubeObject } from "./object.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { appliedAnnotation, isOwned } from "./ownership.ts";
import type { InventoryEntry } from "./plan.ts";
import { HOME } from "./plan.ts";

/**
 * What was applied for an owner in its own cluster though no inventory names it: the process ended before it wrote
 * status. Only kinds that are watched are looked through.
 */
export function strays(
  home: Cluster,
  owner: KubeObject,
  marks: OwnershipMarks,
  known: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const uid = owner.metadata.uid ?? "";
  const label = `${marks.prefix}/owner-uid`;
  const places = new Set(known.map(placeOf));
  return home.caches.flatMap((cache) => {
    cache.index(label, ({ metadata }) => {
      const found = metadata.labels?.[label];
      return found === undefined ? [] : [found];
    });
    return cache
      .by(label, uid)
      .filter((object) => isOwned(object, owner, marks))
      .filter(({ metadata }) => metadata.annotations?.[appliedAnnotation(marks)] !== undefined)
      .map((object) => entryOf(HOME, object, object.metadata.uid))
      .filter((entry) => !places.has(placeOf(entry)));
  });
}

/** Whether {@link strays} would find these, were the process to end now. */
export function areFindable(home: Cluster, entries: readonly InventoryEntry[]): boolean {
  return entries.every(
    ({ cluster, apiVersion, kind }) =>
      cluster === HOME &&
      home.caches.some(
        ({ resource, synced }) => synced && resource.apiVersion === apiVersion && resource.kind === kind,
      ),
  );
}
