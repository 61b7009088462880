import { expect, test } from "vitest";
import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { failoverGroups, partners, regions } from "../../crds/resources.ts";
import { HOME } from "../../kube/plan.ts";
import { leases } from "../../kube/resources.ts";
import { testGroup, testPolicy, testRegion } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { consentPolicyWakes } from "./wakes.ts";

const kenya = { namespace: "partners", name: "kenya" };
const europe = { namespace: "partners", name: "europe" };
const other = { namespace: "elsewhere", name: "kenya" };
const cache = () => ({
  list: () => [kenya, europe, other].map((metadata) => ({ ...testPolicy(), metadata })),
});
const wakes = consentPolicyWakes({ get: () => ({ cache }) } as never);
const wokenBy = (
  resource: object,
  type: "added" | "updated" | "removed",
  object: object,
  previous?: object,
) =>
  wakes({
    cluster: HOME,
    resource: resource as never,
    change: { type, object, previous, initial: false } as never,
  });

test("a Partner that changes its policy wakes the old and the new one, one that does not wakes none", () => {
  const [before, now] = [testPartner(""), testPartner("", { consentPolicyRef: { name: "europe" } })];
  expect(wokenBy(partners, "updated", now, before)).toEqual([kenya, europe]);
  expect(wokenBy(partners, "updated", before, before)).toEqual([]);
});

test("a Partner that comes, goes or is served elsewhere wakes every policy of its namespace", () => {
  const partner = testPartner("");
  const servedIn = (...groups: readonly string[]) => ({
    ...partner,
    status: { groups: groups.map((name) => ({ name, served: true })) },
  });
  expect(wokenBy(partners, "added", partner)).toEqual([kenya, europe]);
  expect(wokenBy(partners, "removed", partner)).toEqual([kenya, europe]);
  expect(wokenBy(partners, "updated", testPartner("", { groups: ["ke", "eu"] }), partner)).toEqual([
    kenya,
    europe,
  ]);
  // The last that is known of a group which it left: from then on its consents are not asked for there.
  expect(wokenBy(partners, "updated", servedIn("ke"), servedIn("ke", "eu"))).toEqual([kenya, europe]);
  expect(wokenBy(partners, "updated", servedIn("eu", "ke"), servedIn("ke", "eu"))).toEqual([]);
});

test("a group or Region that comes, goes or has another spec wakes every policy, their status none", () => {
  for (const [resource, object] of [
    [failoverGroups, testGroup("ke")],
    [regions, testRegion("ke")],
  ] as const) {
    const generation = (of: number) => ({ ...object, metadata: { ...object.metadata, generation: of } });
    expect(wokenBy(resource, "added", generation(1))).toEqual([kenya, europe, other]);
    expect(wokenBy(resource, "removed", generation(1))).toEqual([kenya, europe, other]);
    expect(wokenBy(resource, "updated", generation(2), generation(1))).toEqual([kenya, europe, other]);
    expect(wokenBy(resource, "updated", generation(1), generation(1))).toEqual([]);
  }
});

test("another count of a stack wakes every policy, its renewal none", () => {
  const lease = (count: string, name = LIVE_CONSENTS) => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: { name, namespace: "stack-ke", annotations: { [LIVE_CONSENTS_ANNOTATION]: count } },
  });
  const wokenByLease = (object: object, previous: object) =>
    wakes({
      cluster: "ke",
      resource: leases as never,
      change: { type: "updated", object, previous, initial: false } as never,
    });
  expect(wokenByLease(lease("[1]"), lease("[]"))).toEqual([kenya, europe, other]);
  expect(wokenByLease(lease("[]"), lease("[]"))).toEqual([]);
  expect(wokenByLease(lease("[1]", "served-gateway-1"), lease("[]", "served-gateway-1"))).toEqual([]);
});
