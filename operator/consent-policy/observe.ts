import { LIVE_CONSENTS } from "../../crds/live-consents.ts";
import { type ConsentPolicyObject, failoverGroups, partners, regions } from "../../crds/resources.ts";
import type { Clusters } from "../../kube/clusters.ts";
import { HOME } from "../../kube/plan.ts";
import { leases } from "../../kube/resources.ts";
import { liveConsentsIn } from "../signed/live-consents.ts";
import { stackPlace } from "../signed/stack-place.ts";
import { groupsOf } from "./groups-of.ts";

/** Live consents under one text of the policy, in all stacks that say. */
export interface TextInUse {
  /** SHA-256 (hex). */
  readonly hash: string;
  readonly count: number;
}

/** What is known beside a policy. */
export interface ConsentPolicyWorld {
  /** Partners of its namespace that refer to it. */
  readonly partners: number;
  readonly texts: readonly TextInUse[];
  /** Regions whose stacks do not say what live consents they hold, or cannot be asked, sorted. */
  readonly unknown: readonly string[];
  /** Whether any stack says. */
  readonly known: boolean;
}

/** Reads who refers to a policy, and what the stacks that serve partners of its namespace say of its live consents. */
export async function observeConsentPolicy(
  { metadata }: ConsentPolicyObject,
  clusters: Clusters,
  now: Date,
): Promise<ConsentPolicyWorld> {
  const home = clusters.get(HOME);
  const neighbours = home?.cache(partners)?.list(metadata.namespace) ?? [];
  // One that was given under it stays so when its Partner refers to another.
  const names = new Set(neighbours.flatMap(groupsOf));
  const groups = (home?.cache(failoverGroups)?.list() ?? []).filter((each) => names.has(each.metadata.name));
  const policy = `${metadata.namespace}/${metadata.name}`;
  const texts = new Map<string, number>();
  const unknown = new Set<string>();
  let known = false;
  for (const group of groups) {
    const place = stackPlace(group, (name) => home?.cache(regions)?.get({ name }));
    if (!place) continue;
    const cluster = clusters.get(place.cluster);
    const key = { namespace: place.namespace, name: LIVE_CONSENTS };
    const lease = cluster?.available ? await cluster.get(leases, key).catch(() => undefined) : undefined;
    const said = liveConsentsIn(lease, now);
    if (said === undefined) unknown.add(place.region);
    else known = true;
    for (const { hash, count } of said?.filter((each) => each.policy === policy) ?? [])
      texts.set(hash, count + (texts.get(hash) ?? 0));
  }
  return {
    partners: neighbours.filter(({ spec }) => spec.consentPolicyRef.name === metadata.name).length,
    texts: [...texts].map(([hash, count]) => ({ hash, count })),
    unknown: [...unknown].toSorted(),
    known,
  };
}
