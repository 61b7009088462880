import { SERVED } from "../../crds/shard.ts";
import {
  type FailoverGroupObject,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import type { KubeObject, ObjectKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { configMaps, leases } from "../../kube/resources.ts";
import { stackNamespace } from "../signed/stack-place.ts";
import { installedOf } from "./installed.ts";

/** Groups that a change of a Region, of another group or of the published names concerns. */
export function wakesFailoverGroups(
  clusters: Clusters,
  names: ObjectKey,
): (event: ClusterEvent) => readonly ObjectKey[] {
  const groups = (): readonly FailoverGroupObject[] =>
    clusters.get(HOME)?.cache(failoverGroups)?.list() ?? [];
  return ({ cluster, resource, change }) => {
    const { object, previous, type } = change;
    const only = resource.kind === leases.kind ? servesOnly(object, groups()) : undefined;
    // What a gateway has to do, and nothing else that its Lease says.
    const rate = (of: typeof object | undefined) => of?.metadata.annotations?.[SERVED.requests];
    if (only) {
      const taken = (of: typeof object | undefined) =>
        `${of?.metadata.annotations?.[SERVED.resourceVersion]} ${of?.metadata.annotations?.[SERVED.rosterVersion]}`;
      const isNews = type !== "updated" || taken(object) !== taken(previous);
      const isBusier = type === "updated" && rate(object) !== rate(previous);
      return isBusier || (!only.serving && isNews) ? [{ name: only.group }] : [];
    }
    if (resource.kind === leases.kind) {
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
    if (resource.kind === partners.kind) {
      const [after, before] = [object, previous] as readonly (PartnerObject | undefined)[];
      if (type === "updated" && tierOf(after) === tierOf(before)) return [];
      return groups()
        .filter(({ metadata, status }) =>
          [after, before].some(
            (each) =>
              each?.spec.groups.includes(metadata.name) &&
              (each.spec.tier === "dedicated" ||
                status?.dedicated?.some(({ clientId }) => clientId === each.status?.clientId)),
          ),
        )
        .map(({ metadata }) => ({ name: metadata.name }));
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
      const imagesOf = (group: FailoverGroupObject) => JSON.stringify(installedOf(group));
      const same = imagesOf(object as FailoverGroupObject) === imagesOf(previous as FailoverGroupObject);
      return same ? [] : groups().map(({ metadata }) => ({ name: metadata.name }));
    }
    // A group that goes may free a host that another one waits for.
    if (resource.kind === failoverGroups.kind && type === "removed")
      return groups().map(({ metadata }) => ({ name: metadata.name }));
    return [];
  };
}

/** What decides where a partner has gateways of its own. */
function tierOf(partner: PartnerObject | undefined): string {
  const { metadata, spec } = partner ?? {};
  return JSON.stringify([spec?.tier, spec?.groups, metadata?.deletionTimestamp]);
}

/** The group and the state of the partner whose own gateway keeps that Lease; undefined for one of a group's. */
function servesOnly(
  { metadata: { namespace = "" } }: KubeObject,
  groups: readonly FailoverGroupObject[],
): { readonly group: string; readonly serving: boolean } | undefined {
  for (const { metadata, status } of groups) {
    const state = status?.dedicated?.find((each) => each.namespace === namespace);
    if (state) return { group: metadata.name, serving: state.serving };
  }
  return undefined;
}
