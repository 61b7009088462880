import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { consentPolicies, type PartnerObject } from "../../crds/resources.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { groupsOf } from "./groups-of.ts";

/**
 * The policies that a change concerns: of a Partner those it refers to and did, all of its namespace when it comes, goes, or is served
 * elsewhere; and every one when a stack comes or goes or counts other live consents.
 */
export function consentPolicyWakes(clusters: Clusters): (event: ClusterEvent) => readonly ObjectKey[] {
  return ({ cluster, resource, change }) => {
    const all = () => (clusters.get(HOME)?.cache(consentPolicies)?.list() ?? []).map(keyOf);
    if (resource.kind === "Lease" && change.object.metadata.name === LIVE_CONSENTS) {
      const isNews = change.type !== "updated" || counted(change.object) !== counted(change.previous);
      return isNews ? all() : [];
    }
    // Where a stack is, and that it is gone; what their status says is of no interest.
    if (cluster === HOME && (resource.kind === "FailoverGroup" || resource.kind === "Region"))
      return change.type === "updated" &&
        change.object.metadata.generation === change.previous?.metadata.generation
        ? []
        : all();
    if (cluster !== HOME || resource.kind !== "Partner") return [];
    const [now, before] = [change.object, change.previous] as [PartnerObject, PartnerObject | undefined];
    if (change.type === "updated" && before && whereConsentsAre(before) === whereConsentsAre(now))
      return refersTo(before) === refersTo(now) ? [] : [before, now].map(policyOf);
    // Consents that were given under any policy of the namespace may be where this partner is served, or was.
    return all().filter(({ namespace }) => namespace === now.metadata.namespace);
  };
}

function whereConsentsAre(partner: PartnerObject): string {
  return JSON.stringify([...new Set(groupsOf(partner))].toSorted());
}

function refersTo({ spec }: PartnerObject): string {
  return spec.consentPolicyRef.name;
}

function policyOf(partner: PartnerObject): ObjectKey {
  return { namespace: partner.metadata.namespace, name: refersTo(partner) };
}

function counted(lease: KubeObject | undefined): string | undefined {
  return lease?.metadata.annotations?.[LIVE_CONSENTS_ANNOTATION];
}
