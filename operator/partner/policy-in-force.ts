import type { ConsentPolicyObject } from "../../crds/resources.ts";
import type { ShardPolicy } from "../../crds/shard.ts";
import { restraintOf } from "../../kube/restraint.ts";
import { MARKS } from "../marks.ts";
import { policyText } from "../signed/policy-text.ts";

/**
 * What a shard says of a policy. A changed text waits until the policy's status names it, and with it how many live consents were
 * given under another; until then the shard goes on with what it said.
 *
 * @param former what the shard said; undefined where there is none yet.
 * @returns undefined where the text waits and there is no former one.
 */
export function policyInForce(
  policy: ConsentPolicyObject,
  former: ShardPolicy | undefined,
  now: Date,
): ShardPolicy | undefined {
  const present = shardPolicy(policy);
  const told = policy.status?.hash;
  if (told === present.hash) return present;
  if (former !== undefined) return former;
  const { planOnly, pausedUntil } = restraintOf(policy, MARKS.prefix, now);
  // A policy and a Partner that are new have nobody's consent to tell of first.
  return told === undefined && !planOnly && pausedUntil === undefined ? present : undefined;
}

function shardPolicy({ metadata, spec }: ConsentPolicyObject): ShardPolicy {
  return {
    name: metadata.name,
    ...policyText(spec),
    permissions: spec.permissions.toSorted(),
    maxDurationDays: spec.maxDurationDays,
    reauthenticationDays: spec.reauthenticationDays,
    historyDays: spec.transactionHistoryDays,
    unattendedPerDay: spec.unattendedCallsPerDay,
    ...(spec.purposes === undefined ? {} : { purposes: spec.purposes.toSorted() }),
    ...(spec.minimisation === undefined ? {} : { minimisation: spec.minimisation.toSorted() }),
  };
}
