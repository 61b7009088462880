import type { Clock } from "../../kube/clock.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { Controller } from "../../kube/plan.ts";
import { type ConsentPolicyObject, consentPolicies } from "../../crds/resources.ts";
import { type ConsentPolicyWorld, observeConsentPolicy } from "./observe.ts";
import { planConsentPolicy, type PlannedConsentPolicyStatus } from "./plan.ts";

/** Says of each ConsentPolicy which text it has, how many Partners it binds, and which live consents keep a former text. It makes nothing. */
export function consentPolicyController({
  clusters,
  clock,
}: {
  readonly clusters: Clusters;
  readonly clock: Clock;
}): Controller<ConsentPolicyObject, ConsentPolicyWorld, PlannedConsentPolicyStatus, never> {
  return {
    name: "consentpolicy",
    resource: consentPolicies,
    observe: (policy) => observeConsentPolicy(policy, clusters, clock.now()),
    plan: planConsentPolicy,
    act: () => Promise.resolve(),
  };
}
