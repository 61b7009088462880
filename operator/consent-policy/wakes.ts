import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { consentPolicies, type PartnerObject } from "../../crds/resources.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";

/** The policies that a change concerns: of a Partner those it refers to and did, and all when a stack counts other live consents. */
export function consentPolicyWakes(clusters: Clusters): (event: ClusterEvent) => readonly ObjectKey[] {
  return ({ cluster, resource, change }) => {
    if (resource.kind === "Lease" && change.object.metadata.name === LIVE_CONSENTS) {
      const isNews = change.type !== "updated" || counted(change.object) !== counted(change.previous);
      return isNews ? (clusters.get(HOME)?.cache(consentPolicies)?.list() ?? []).map(keyOf) : [];
    }
    const all = () => (clusters.get(HOME)?.cache(consentPolicies)?.list() ?? []).map(keyOf);
    // Where a stack is, and that it is gone; what their status says is of no interest.
    if (cluster === HOME && (resource.kind === "FailoverGroup" || resource.kind === "Region"))
      return change.type === "updated" &&
        change.object.metadata.generation === change.previous?.metadata.generation
        ? []
        : all();
    if (cluster !== HOME || resource.kind !== "Partner") return [];
    const [now, before] = [change.object, change.previous] as [PartnerObject, PartnerObject | undefined];
    const named = change.type === "removed" ? [now] : [now, ...(before ? [before] : [])];
    const refers = (to: PartnerObject | undefined): string =>
      JSON.stringify([to?.spec.consentPolicyRef.name, to?.spec.groups]);
    if (change.type === "updated" && refers(before) === refers(now)) return [];
    return named.map(({ metadata, spec }) => ({
      namespace: metadata.namespace,
      name: spec.consentPolicyRef.name,
    }));
  };
}

function counted(lease: KubeObject | undefined): string | undefined {
  return lease?.metadata.annotations?.[LIVE_CONSENTS_ANNOTATION];
}
