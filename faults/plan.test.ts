import fc from "fast-check";
import { expect, test } from "vitest";
import { ConsentPolicy } from "../crds/consent-policy.ts";
import { FailoverGroup } from "../crds/failover-group.ts";
import { Region } from "../crds/region.ts";
import type { ConsentPolicyObject, FailoverGroupObject, RegionObject } from "../crds/resources.ts";
import type { PlannedStatus } from "../kube/plan.ts";
import { planConsentPolicy } from "../operator/consent-policy/plan.ts";
import { plan as planGroup } from "../operator/failover-group/plan.ts";
import { planPartner } from "../operator/partner/plan.ts";
import { plan as planRegion } from "../operator/region/plan.ts";
import { newSigningKey, shardSigner } from "../operator/signing-key.ts";
import { resourceOf } from "./random-resource.ts";
import { consentPolicyWorld, groupWorld, partnerAndWorld, regionWorld } from "./random-world.ts";

/** Random resources per kind; the long form asks for 100,000. */
const numRuns = Number(process.env["WEKEZA_FUZZ_RUNS"] ?? 200);
const now = new Date("2026-11-22T21:00:00Z");
const signer = shardSigner([newSigningKey()]);
const time = { timeout: Math.max(20_000, numRuns * 20) };

/** Everything that is planned can be sent, and status says whether the resource is ready, and why. */
function isSound({ status, objects }: PlannedParts): boolean {
  const text = JSON.stringify([status, objects]);
  const words = status.conditions.every(({ reason, type }) => reason !== "" && type !== "");
  const tellsReady = status.conditions.some(({ type }) => type === "Ready");
  return !/:(NaN|undefined|null)[,}]/.test(text) && words && tellsReady;
}

interface PlannedParts {
  readonly status: PlannedStatus;
  readonly objects: readonly unknown[];
}

test("REL-30 whatever a Partner is and finds, its plan says what to do and why", time, () => {
  const property = fc.property(partnerAndWorld, ([partner, world]) =>
    isSound(planPartner(partner, world, now, signer)),
  );
  expect(() => fc.assert(property, { numRuns })).not.toThrow();
});

test("REL-30 whatever a FailoverGroup is and finds, its plan says what to do and why", time, () => {
  const property = fc.property(resourceOf(FailoverGroup), groupWorld, (group, world) =>
    isSound(planGroup(group as FailoverGroupObject, world, now)),
  );
  expect(() => fc.assert(property, { numRuns })).not.toThrow();
});

test("REL-30 whatever a Region is and finds, its plan says what to do and why", time, () => {
  const property = fc.property(resourceOf(Region), regionWorld, (region, world) =>
    isSound(planRegion(region as RegionObject, world, now)),
  );
  expect(() => fc.assert(property, { numRuns })).not.toThrow();
});

test("REL-30 whatever a ConsentPolicy is, its plan says what it binds", time, () => {
  const property = fc.property(resourceOf(ConsentPolicy), consentPolicyWorld, (resource, world) => {
    const policy = resource as ConsentPolicyObject;
    const planned = planConsentPolicy(policy, world, now);
    // Nothing was made for it, so nothing keeps it while it goes.
    return policy.metadata.deletionTimestamp !== undefined || isSound(planned);
  });
  expect(() => fc.assert(property, { numRuns })).not.toThrow();
});
