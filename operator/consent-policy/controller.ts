import type { ConsentPolicyReason, ConsentPolicyStatus } from "../../crds/consent-policy.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { type Controller, HOME, type Plan, type PlannedStatus } from "../../kube/plan.ts";
import {
  type ConsentPolicyObject,
  consentPolicies,
  type PartnerObject,
  partners,
} from "../../crds/resources.ts";
import { policyText } from "../signed/policy-text.ts";

/** What is known beside a policy. */
export interface ConsentPolicyWorld {
  /** Partners of its namespace that refer to it. */
  readonly partners: number;
}

/** What a ConsentPolicy's plan says in status. */
export type PlannedConsentPolicyStatus = PlannedStatus & Pick<ConsentPolicyStatus, "hash" | "partners">;

/** Says of each ConsentPolicy which text it has and how many Partners it binds. It makes nothing. */
export function consentPolicyController(deps: {
  readonly clusters: Clusters;
}): Controller<ConsentPolicyObject, ConsentPolicyWorld, PlannedConsentPolicyStatus, never> {
  return {
    name: "consentpolicy",
    resource: consentPolicies,
    observe: ({ metadata }) => {
      const all = deps.clusters.get(HOME)?.cache(partners)?.list(metadata.namespace) ?? [];
      return { partners: all.filter(({ spec }) => spec.consentPolicyRef.name === metadata.name).length };
    },
    plan: planConsentPolicy,
    act: () => Promise.resolve(),
  };
}

/** Pure: the status of a policy. */
export function planConsentPolicy(
  { spec, metadata }: ConsentPolicyObject,
  world: ConsentPolicyWorld,
): Plan<PlannedConsentPolicyStatus, never> {
  if (metadata.deletionTimestamp !== undefined)
    return { objects: [], actions: [], status: { conditions: [] } };
  const { hash } = policyText(spec);
  const inUse = world.partners > 0;
  const reason: ConsentPolicyReason = inUse ? "InUse" : "NoPartners";
  const message = inUse
    ? `It bounds the consents of ${world.partners} partner${world.partners === 1 ? "" : "s"}.`
    : "No Partner refers to it yet: name it in a Partner's spec.consentPolicyRef.";
  const ready: ConditionStatement = { type: "Ready", status: "True", reason, message };
  return { objects: [], actions: [], status: { conditions: [ready], hash, partners: world.partners } };
}

/** The policies a change of a Partner concerns: the one it refers to, and the one it did. */
export function consentPolicyWakes({ cluster, resource, change }: ClusterEvent): readonly ObjectKey[] {
  if (cluster !== HOME || resource.kind !== "Partner") return [];
  const [now, before] = [change.object, change.previous] as [PartnerObject, PartnerObject | undefined];
  const named = change.type === "removed" ? [now] : [now, ...(before ? [before] : [])];
  const same = before?.spec.consentPolicyRef.name === now.spec.consentPolicyRef.name;
  if (change.type === "updated" && same) return [];
  return named.map(({ metadata, spec }) => ({
    namespace: metadata.namespace,
    name: spec.consentPolicyRef.name,
  }));
}
