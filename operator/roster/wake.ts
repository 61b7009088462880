import { ROSTER_NAME, SERVED } from "../../crds/shard.ts";
import type { ClusterEvent } from "../../kube/clusters.ts";
import { HOME } from "../../kube/plan.ts";
import { type AddOptions, priority } from "../../kube/queue.ts";
import type { FailoverGroupObject, PartnerObject } from "../../crds/resources.ts";
import { isOfGroup } from "../signed/stack-place.ts";

/** A group whose roster may have to change, and how soon. */
export interface Wake extends AddOptions {
  readonly group: string;
}

/** New partners come in numbers: their lines are gathered for so long, in ms. */
const GATHER_NEW = 50;

/** What pods report about shards only raises minima, and is gathered longer, in ms. */
const GATHER_REPORTS = 1_000;

/** The groups that a change concerns. What takes rights away goes first and at once. */
export function groupsToWake(
  { cluster, resource, change }: ClusterEvent,
  groups: readonly FailoverGroupObject[],
): readonly Wake[] {
  const { object, previous, type, initial } = change;
  const { name, namespace } = object.metadata;
  const ofNamespace = (wanted: string | undefined): readonly Wake[] =>
    groups.flatMap(({ metadata }) => (isOfGroup(wanted, metadata.name) ? [{ group: metadata.name }] : []));
  switch (resource.kind) {
    case "Partner":
      if (cluster !== HOME) return [];
      return partnerWakes(object as PartnerObject, previous as PartnerObject | undefined, { type, initial });
    case "FailoverGroup":
      return cluster === HOME && type !== "removed" ? [{ group: name }] : [];
    case "Region":
      return groups.flatMap(({ metadata, spec }) =>
        spec.members.includes(name) ? [{ group: metadata.name }] : [],
      );
    case "Namespace":
      return type === "added" ? ofNamespace(name) : [];
    case "ConfigMap":
      return name === ROSTER_NAME && change.writtenBy === undefined ? ofNamespace(namespace) : [];
    case "Lease": {
      const startOf = (lease: typeof object | undefined): string | undefined =>
        lease?.metadata.annotations?.[SERVED.startedAt];
      const started = type !== "removed" && startOf(object) !== startOf(previous);
      return started ? ofNamespace(namespace) : [];
    }
    default:
      return [];
  }
}

function partnerWakes(
  partner: PartnerObject,
  previous: PartnerObject | undefined,
  { type, initial }: { readonly type: string; readonly initial: boolean },
): readonly Wake[] {
  const groups = new Set([...partner.spec.groups, ...(previous?.spec.groups ?? [])]);
  const all = (how: AddOptions): readonly Wake[] => [...groups].map((group) => ({ group, ...how }));
  if (initial) return all({ priority: priority.resync });
  if (!previous || type === "removed") return all({ afterMs: GATHER_NEW });
  if (rights(partner) !== rights(previous)) return all({ priority: priority.safety });
  return [...groups]
    .filter((group) => report(partner, group) !== report(previous, group))
    .map((group) => ({ group, afterMs: GATHER_REPORTS }));
}

/** What takes rights away: out of the spec, and the revocations status remembers. */
function rights({ metadata, spec, status }: PartnerObject): string {
  const { suspended, revokedThumbprints, groups } = spec;
  const revoked = status?.revoked?.map(({ thumbprint }) => thumbprint);
  const feared = status?.risk?.suspended;
  return JSON.stringify([metadata.deletionTimestamp, suspended, feared, revokedThumbprints, groups, revoked]);
}

/** What a roster takes over from a Partner's status. */
function report({ status }: PartnerObject, group: string): string {
  const state = status?.groups?.find(({ name }) => name === group);
  return JSON.stringify([state?.served, state?.shardVersion]);
}
