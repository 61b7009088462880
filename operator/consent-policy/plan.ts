import type { ConsentPolicyReason, ConsentPolicyStatus } from "../../crds/consent-policy.ts";
import type { ConsentPolicyObject } from "../../crds/resources.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { Plan, PlannedStatus } from "../../kube/plan.ts";
import { restraintOf } from "../../kube/restraint.ts";
import { MARKS } from "../marks.ts";
import { policyText } from "../signed/policy-text.ts";
import type { ConsentPolicyWorld } from "./observe.ts";

/** What a ConsentPolicy's plan says in status. */
export type PlannedConsentPolicyStatus = PlannedStatus &
  Pick<ConsentPolicyStatus, "hash" | "partners" | "liveConsents" | "formerConsents">;

/** What stacks say is looked at again after so long, in ms: they may have fallen silent. */
const LOOK_AGAIN = 300_000;

/**
 * Pure: the status of a policy.
 *
 * `status.hash` is what lets a text out: Partners take the spec's text into their shards once it stands there, which is in the
 * same write as how many live consents were given under another one.
 */
export function planConsentPolicy(
  policy: ConsentPolicyObject,
  world: ConsentPolicyWorld,
  now: Date,
): Plan<PlannedConsentPolicyStatus, never> {
  const { spec, metadata, status } = policy;
  if (metadata.deletionTimestamp !== undefined)
    return { objects: [], actions: [], status: { conditions: [] } };
  const { hash } = policyText(spec);
  const { planOnly, pausedUntil } = restraintOf(policy, MARKS.prefix, now);
  const isHeld = (planOnly || pausedUntil !== undefined) && status?.hash !== hash;
  const told = isHeld ? status?.hash : hash;
  const live = world.texts.reduce((sum, { count }) => sum + count, 0);
  const former = world.texts.reduce((sum, each) => (each.hash === hash ? sum : sum + each.count), 0);
  const numbers = world.known ? { liveConsents: live, formerConsents: former } : {};
  return {
    objects: [],
    actions: [],
    status: {
      conditions: [
        readiness(world.partners),
        ...(isHeld ? [held(hash, planOnly)] : []),
        ...formerTexts(world, { live, former }),
      ],
      ...(told === undefined ? {} : { hash: told }),
      partners: world.partners,
      ...numbers,
    },
    ...(world.known ? { recheckAfter: LOOK_AGAIN } : {}),
  };
}

function readiness(partners: number): ConditionStatement {
  const reason: ConsentPolicyReason = partners > 0 ? "InUse" : "NoPartners";
  const message =
    partners > 0
      ? `It bounds the consents of ${partners} partner${partners === 1 ? "" : "s"}.`
      : "No Partner refers to it yet: name it in a Partner's spec.consentPolicyRef.";
  return { type: "Ready", status: "True", reason, message };
}

/** That the text of the spec goes to nobody while a person asks for a plan, or for a pause. */
function held(hash: string, planOnly: boolean): ConditionStatement {
  const reason: ConsentPolicyReason = planOnly ? "PlanOnly" : "Paused";
  const annotation = `${MARKS.prefix}/${planOnly ? "plan" : "pausedUntil"}`;
  const message = `The text of its spec (${hash.slice(0, 12)}) goes to no partner while annotation ${annotation} is there; take it away to let it out.`;
  return { type: "TextHeld", status: "True", reason, message };
}

/** How many live consents a changed text finds, and what becomes of them; nothing where all were given under that of the spec. */
function formerTexts(
  { unknown }: ConsentPolicyWorld,
  { live, former }: { readonly live: number; readonly former: number },
): readonly ConditionStatement[] {
  const missing =
    unknown.length === 0 ? "" : ` Not counted, as nothing says: consents in ${unknown.join(", ")}.`;
  if (former === 0) {
    const message = `Live consents under a text other than that of the spec: none known.${missing}`;
    const reason: ConsentPolicyReason = "RegionsSilent";
    return missing === "" ? [] : [{ type: "FormerTexts", status: "Unknown", reason, message }];
  }
  const verb = former === 1 ? "was" : "were";
  const counted = `${former} of ${live} live consents ${verb} given under a text other than that of the spec.`;
  const message = `${counted} Each keeps its own until it ends; what is asked for once the text is out gets that of the spec.${missing}`;
  return [{ type: "FormerTexts", status: "True", reason: "KeptByConsents", message }];
}
