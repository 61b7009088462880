import { describe, expect, test } from "vitest";
import { ENROLMENT, enrolmentName } from "../../crds/enrolment.ts";
import { ROSTER_NAME, SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import { Cache, type Change } from "../../kube/cache.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { certificateSigningRequests, configMaps, leases, namespaces } from "../../kube/resources.ts";
import { partnerSigningRequest } from "../csr/testing/signing-request.ts";
import { consentPolicies, failoverGroups, type PartnerObject, partners } from "../../crds/resources.ts";
import { testGroup, testPolicy } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { partnerWakes } from "./wakes.ts";

function partner(name: string, change: Partial<PartnerObject> = {}): PartnerObject {
  const bare = testPartner("");
  const metadata = { ...bare.metadata, ...change.metadata, name, resourceVersion: "1" };
  return { ...bare, ...change, metadata };
}

const served = { groups: [{ name: "ke", served: true }] };
const everybody = [
  partner("served", { status: { ...served, clientId: "ptn-00000000000000aa" } }),
  partner("waiting"),
  partner("suspended", { status: served, spec: { ...testPartner("").spec, suspended: true } }),
  partner("leaving", {
    status: served,
    metadata: { name: "", namespace: "partners", deletionTimestamp: "now" },
  }),
  partner("elsewhere", {
    spec: { ...testPartner("").spec, groups: ["eu"], consentPolicyRef: { name: "europe" } },
  }),
];

function woken(resource: { readonly kind: string }, change: Partial<Change<KubeObject>>): readonly string[] {
  const cache = new Cache<PartnerObject>({ resource: partners });
  cache.replace(everybody, "1");
  const clusters = { get: () => ({ cache: () => cache }) } as unknown as Clusters;
  const whole = { type: "updated", initial: false, ...change } as Change<KubeObject>;
  const event = { cluster: HOME, resource: resource as Resource<KubeObject>, change: whole };
  return partnerWakes(clusters)(event).map(({ name }) => name);
}

const inKe = ["served", "waiting", "suspended", "leaving"];

describe("a pod's Lease", () => {
  const lease = (applied: string, refused = "[]"): KubeObject => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: "stack-ke",
      name: "served-gateway-1",
      labels: { [SERVED_LABEL]: "gateway" },
      annotations: { [SERVED.resourceVersion]: applied, [SERVED.refused]: refused },
    },
  });

  test("that is only renewed wakes nobody", () => {
    expect(woken(leases, { object: lease("1"), previous: lease("1") })).toEqual([]);
  });

  test("that reports news wakes those who wait for it", () => {
    expect(woken(leases, { object: lease("2"), previous: lease("1") })).toEqual(["waiting", "suspended"]);
  });

  test("of banking that thinks otherwise of a partner wakes that partner, and nobody who is served beside it", () => {
    const of = (scores: object): KubeObject => ({
      ...lease("1"),
      metadata: {
        namespace: "stack-ke",
        name: "served-banking-1",
        labels: { [SERVED_LABEL]: "banking" },
        annotations: { [SERVED.behaviour]: JSON.stringify(scores) },
      },
    });
    const feared = { "ptn-00000000000000aa": 90 };
    expect(woken(leases, { object: of(feared), previous: of({}) })).toContain("served");
    expect(woken(leases, { object: of(feared), previous: of(feared) })).toEqual([]);
    expect(woken(leases, { object: of({ "ptn-00000000000000bb": 90 }), previous: of({}) })).not.toContain(
      "served",
    );
  });

  test("that reports a refusal wakes everybody of its group", () => {
    expect(woken(leases, { object: lease("1", "[1]"), previous: lease("1") })).toEqual(inKe);
  });
});

test("what a partner asks for itself wakes that partner once, where it is served", () => {
  const clientId = "ptn-00000000000000aa";
  const asks = (csr: string, namespace = "stack-ke"): KubeObject => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: { namespace, name: enrolmentName(clientId), annotations: { [ENROLMENT.csr]: csr } },
  });
  expect(woken(leases, { type: "added", object: asks("a") })).toEqual(["served"]);
  expect(woken(leases, { object: asks("b"), previous: asks("a") })).toEqual(["served"]);
  expect(woken(leases, { object: asks("a"), previous: asks("a") })).toEqual([]);
  expect(woken(leases, { type: "added", object: asks("a", "stack-eu") })).toEqual([]);
});

test("a roster wakes those who leave and those who are suspended", () => {
  const metadata = { namespace: "stack-ke", name: ROSTER_NAME };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata };
  expect(woken(configMaps, { object })).toEqual(["suspended", "leaving"]);
});

test("a policy wakes those who refer to it, a group those it serves, and neither by its status alone", () => {
  const changed = <T extends KubeObject>(object: T, generation: number): T => ({
    ...object,
    metadata: { ...object.metadata, generation },
  });
  const cases = [
    { resource: consentPolicies, object: testPolicy() },
    { resource: failoverGroups, object: testGroup("ke") },
  ];
  for (const { resource, object } of cases) {
    expect(woken(resource, { object: changed(object, 2), previous: changed(object, 1) })).toEqual(inKe);
    expect(woken(resource, { object: changed(object, 1), previous: changed(object, 1) })).toEqual([]);
  }
});

test("a certificate request wakes the Partner it names", () => {
  expect(woken(certificateSigningRequests, { object: partnerSigningRequest("x") })).toEqual(["acme"]);
});

describe("a partner's own gateways", () => {
  const clientId = "ptn-00000000000000aa";
  const said = (partner: string, serving: boolean): KubeObject =>
    ({ ...testGroup("ke"), status: { dedicated: [{ clientId, partner, serving }] } }) as KubeObject;

  test("wake it, and nobody else, when the group says something else of them", () => {
    const [before, after] = [said("partners/served", false), said("partners/served", true)];
    expect(woken(failoverGroups, { previous: before, object: after })).toEqual(["served"]);
    expect(woken(failoverGroups, { previous: after, object: after })).toEqual([]);
    expect(woken(failoverGroups, { previous: after, object: testGroup("ke") })).toEqual(["served"]);
  });

  test("wake it when their namespace is there", () => {
    const namespace = (name: string): KubeObject => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
    expect(woken(namespaces, { type: "added", object: namespace(`stack-ke-${clientId}`) })).toEqual([
      "served",
    ]);
    expect(woken(namespaces, { type: "added", object: namespace("stack-ke") })).toEqual([]);
  });
});
