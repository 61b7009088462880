import { describe, expect, test } from "vitest";
import {
  type FailoverGroupObject,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { Cache, type Change } from "../../kube/cache.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { SERVED } from "../../crds/shard.ts";
import { configMaps, leases } from "../../kube/resources.ts";
import { testGroup, testRegion } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { wakesFailoverGroups } from "./wakes.ts";

const NAMES = { namespace: "wekeza-dns", name: "records" };
const group = (name: string, status?: FailoverGroupObject["status"], region = name) => {
  const made = testGroup(name, region);
  return { ...made, metadata: { ...made.metadata, resourceVersion: "1" }, status } as FailoverGroupObject;
};

function woken(
  resource: { readonly kind: string },
  change: Partial<Change<KubeObject>>,
  cluster = HOME,
  status?: FailoverGroupObject["status"],
): readonly string[] {
  const cache = new Cache<FailoverGroupObject>({ resource: failoverGroups });
  cache.replace([group("ke", status), group("za", undefined, "ke"), group("eu")], "1");
  const clusters = { get: () => ({ cache: () => cache }) } as unknown as Clusters;
  const whole = { type: "updated", initial: false, ...change } as Change<KubeObject>;
  const event = { cluster, resource: resource as Resource<KubeObject>, change: whole };
  return wakesFailoverGroups(clusters, NAMES)(event).map(({ name }) => name);
}

const everybody = ["ke", "za", "eu"];
const imaged = (image: string, failedImage?: string, own?: string) =>
  group("ke", {
    conditions: [],
    image,
    ...(failedImage === undefined ? {} : { failedImage }),
    ...(own === undefined
      ? {}
      : { dedicated: [{ clientId: "ptn-1", partner: "partners/acme", serving: true, image: own }] }),
  });

describe("another group", () => {
  test.each([
    { why: "took a new image", previous: imaged("w:1"), object: imaged("w:2"), want: everybody },
    { why: "gave an image up", previous: imaged("w:1"), object: imaged("w:1", "w:2"), want: everybody },
    {
      why: "has a partner whose gateways took it at last",
      previous: imaged("w:2", undefined, "w:1"),
      object: imaged("w:2", undefined, "w:2"),
      want: everybody,
    },
    { why: "says anything else", previous: imaged("w:1"), object: imaged("w:1"), want: [] },
  ])("that $why", ({ previous, object, want }) => {
    expect(woken(failoverGroups, { previous, object })).toEqual(want);
  });

  test("of which nothing was known before wakes nobody, and does no harm", () => {
    expect(woken(failoverGroups, { object: imaged("w:1") })).toEqual([]);
  });

  test("that is gone may have held a host that others wait for", () => {
    expect(woken(failoverGroups, { type: "removed", object: group("eu") })).toEqual(everybody);
  });
});

const lease = (requests: string, renewed = "1", namespace = "stack-ke"): KubeObject => ({
  apiVersion: leases.apiVersion,
  kind: leases.kind,
  metadata: {
    namespace,
    name: "served-gateway-1",
    annotations: { [SERVED.requests]: requests, [SERVED.rosterVersion]: renewed },
  },
});

test("a partner's own gateway that has more or less to do wakes its group, and until it serves its other words do", () => {
  const clientId = "ptn-00000000000000aa";
  const own = (requests: string, renewed?: string) => lease(requests, renewed, `stack-ke-${clientId}`);
  const wakes = (previous: KubeObject, object: KubeObject, serving: boolean) =>
    woken(leases, { previous, object }, "region-ke", {
      dedicated: [{ clientId, partner: "partners/acme", namespace: `stack-ke-${clientId}`, serving }],
    });
  expect(wakes(own("0"), own("400"), true)).toEqual(["ke"]);
  expect(wakes(own("400"), own("400", "2"), true)).toEqual([]);
  expect(wakes(own("400"), own("400", "2"), false)).toEqual(["ke"]);
});

test("a gateway that has more or less to do wakes its own group; its other words and its renewals wake none", () => {
  expect(woken(leases, { previous: lease("0"), object: lease("400") }, "region-ke")).toEqual(["ke"]);
  expect(woken(leases, { previous: lease("400"), object: lease("400", "2") }, "region-ke")).toEqual([]);
});

describe("a Region", () => {
  const at = (generation: number) => {
    const region = testRegion("ke");
    return { ...region, metadata: { ...region.metadata, generation } };
  };

  test("with another spec wakes the groups that have it", () => {
    expect(woken(regions, { previous: at(1), object: at(2) })).toEqual(["ke", "za"]);
  });

  test("with another status wakes nobody", () => {
    expect(woken(regions, { previous: at(1), object: at(1) })).toEqual([]);
  });
});

describe("a ConfigMap", () => {
  const named = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...NAMES, name },
  });

  test("of the published names wakes every group", () => {
    expect(woken(configMaps, { object: named("records") })).toEqual(everybody);
  });

  test("of any other name, or in a region, wakes nobody", () => {
    expect(woken(configMaps, { object: named("others") })).toEqual([]);
    expect(woken(configMaps, { object: named("records") }, "ke")).toEqual([]);
  });
});

describe("a Partner", () => {
  const before = {
    ...testPartner("", { groups: ["ke", "eu"] }),
    status: { clientId: "ptn-00000000000000aa" },
  };
  const after = (spec: Partial<PartnerObject["spec"]>, metadata = before.metadata) =>
    ({ ...before, metadata, spec: { ...before.spec, ...spec } }) as PartnerObject;

  test.each([
    { why: "asks for gateways of its own", object: after({ tier: "dedicated" }), want: ["ke", "eu"] },
    { why: "asks for something else", object: after({ suspended: true }), want: [] },
    {
      why: "goes without having had any",
      object: after({}, { ...before.metadata, deletionTimestamp: "2026-11-22T18:00:00Z" }),
      want: [],
    },
  ])("that $why wakes $want", ({ object, want }) => {
    expect(woken(partners, { previous: before, object })).toEqual(want);
  });

  test("that has gateways of its own wakes its groups when it gives them back, leaves, or goes", () => {
    const own = after({ tier: "dedicated" });
    const { metadata } = before;
    for (const [object, want] of [
      [before, ["ke", "eu"]],
      [after({ tier: "dedicated", groups: ["eu"] }), ["ke", "eu"]],
      [
        after({ tier: "dedicated" }, { ...metadata, deletionTimestamp: "2026-11-22T18:00:00Z" }),
        ["ke", "eu"],
      ],
    ] as const)
      expect(woken(partners, { previous: own, object })).toEqual(want);
  });
});
