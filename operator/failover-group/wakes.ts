import { SERVED } from "../../crds/shard.ts";
import { type FailoverGroupObject, failoverGroups, regions } from "../../crds/resources.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { configMaps, leases } from "../../kube/resources.ts";
import { stackNamespace } from "../signed/stack-place.ts";

/** Groups that a change of a Region, of another group or of the published names concerns. */
export function wakesFailoverGroups(
  clusters: Clusters,
  names: ObjectKey,
): (event: ClusterEvent) => readonly ObjectKey[] {
  const groups = (): readonly FailoverGroupObject[] =>
    clusters.get(HOME)?.cache(failoverGroups)?.list() ?? [];
  return ({ cluster, resource, change }) => {
    const { object, previous, type } = change;
    if (resource.kind === leases.kind) {
      // What a gateway has to do, and nothing else that its Lease says.
      const rate = (of: typeof object | undefined) => of?.metadata.annotations?.[SERVED.requests];
      if (type !== "updated" || rate(object) === rate(previous)) return [];
      const { namespace } = object.metadata;
      return groups()
        .filter(({ metadata }) => stackNamespace(metadata.name) === namespace)
        .map(({ metadata }) => ({ name: metadata.name }));
    }
    if (cluster !== HOME) return [];
    if (resource.kind === configMaps.kind) {
      const { name, namespace } = object.metadata;
      const isNames = name === names.name && namespace === names.namespace;
      return isNames ? groups().map(({ metadata }) => ({ name: metadata.name })) : [];
    }
    if (resource.kind === regions.kind) {
      // Its status changes with every stack of it; only what it is made of matters here.
      if (type === "updated" && previous?.metadata.generation === object.metadata.generation) return [];
      return groups()
        .filter(({ spec }) => spec.members.includes(object.metadata.name))
        .map(({ metadata }) => ({ name: metadata.name }));
    }
    if (resource.kind === failoverGroups.kind && type === "updated" && previous) {
      // Another one that has taken a new image, or given it up, makes way or holds up.
      const imagesOf = ({ status }: FailoverGroupObject) => `${status?.image} ${status?.failedImage}`;
      const same = imagesOf(object as FailoverGroupObject) === imagesOf(previous as FailoverGroupObject);
      return same ? [] : groups().map(({ metadata }) => ({ name: metadata.name }));
    }
    // A group that goes may free a host that another one waits for.
    if (resource.kind === failoverGroups.kind && type === "removed")
      return groups().map(({ metadata }) => ({ name: metadata.name }));
    return [];
  };
}
