import { describe, expect, test } from "vitest";
import { ROSTER_NAME, SERVED } from "../../crds/shard.ts";
import type { Change } from "../../kube/cache.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { priority } from "../../kube/queue.ts";
import { configMaps, leases } from "../../kube/resources.ts";
import { failoverGroups, type PartnerObject, partners, regions } from "../../crds/resources.ts";
import { testGroup, testRegion } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { groupsToWake } from "./wake.ts";

const groups = [testGroup("ke"), testGroup("eu"), testGroup("za", "ke")];

function woken(resource: { readonly kind: string }, change: Partial<Change<KubeObject>>, cluster = HOME) {
  const whole = { type: "updated", initial: false, object: testPartner(""), ...change } as Change<KubeObject>;
  return groupsToWake({ cluster, resource: resource as Resource<KubeObject>, change: whole }, groups);
}

describe("a Partner that changes", () => {
  const before = testPartner("", { groups: ["ke"] });
  const changed = (spec: Partial<PartnerObject["spec"]>) =>
    woken(partners, {
      previous: before,
      object: { ...before, spec: { ...before.spec, ...spec } } as PartnerObject,
    });

  test.each([
    { why: "suspended", spec: { suspended: true } },
    { why: "robbed of a certificate", spec: { revokedThumbprints: ["x"] } },
  ])("and is $why goes first, at once", ({ spec }) => {
    expect(changed(spec)).toEqual([{ group: "ke", priority: priority.safety }]);
  });

  test("its groups wakes those it leaves too", () => {
    expect(changed({ groups: ["eu"] }).map(({ group }) => group)).toEqual(["eu", "ke"]);
  });

  test("in what no roster takes over wakes nobody", () => {
    expect(changed({ displayName: "Other" })).toEqual([]);
  });

  test("in what its pods report is gathered", () => {
    const status = { groups: [{ name: "ke", served: true, shardVersion: 1 }] };
    const wakes = woken(partners, { previous: before, object: { ...before, status } as PartnerObject });
    expect(wakes).toEqual([{ group: "ke", afterMs: 1_000 }]);
  });

  test("by its deletion goes first", () => {
    const metadata = { ...before.metadata, deletionTimestamp: "2026-11-22T18:00:00Z" };
    expect(woken(partners, { previous: before, object: { ...before, metadata } })).toEqual([
      { group: "ke", priority: priority.safety },
    ]);
  });
});

describe("a pod's Lease", () => {
  const lease = (startedAt: string, applied: string): KubeObject => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: "stack-eu",
      name: "served-gateway-1",
      annotations: { [SERVED.startedAt]: startedAt, [SERVED.resourceVersion]: applied },
    },
  });

  test("wakes its group when the pod has started, not when it reports", () => {
    expect(woken(leases, { type: "added", object: lease("a", "1") }, "eu")).toEqual([{ group: "eu" }]);
    expect(woken(leases, { previous: lease("a", "1"), object: lease("a", "2") }, "eu")).toEqual([]);
    expect(woken(leases, { previous: lease("a", "1"), object: lease("b", "1") }, "eu")).toEqual([
      { group: "eu" },
    ]);
  });
});

test("a Region wakes the groups it is a member of, a FailoverGroup itself", () => {
  expect(woken(regions, { object: testRegion("ke") }).map(({ group }) => group)).toEqual(["ke", "za"]);
  expect(woken(failoverGroups, { object: testGroup("eu") })).toEqual([{ group: "eu" }]);
});

test("a roster somebody else wrote wakes its group, our own does not", () => {
  const metadata = { namespace: "stack-ke", name: ROSTER_NAME };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata };
  expect(woken(configMaps, { object }, "ke")).toEqual([{ group: "ke" }]);
  expect(woken(configMaps, { object, writtenBy: "wekeza-operator" }, "ke")).toEqual([]);
});
