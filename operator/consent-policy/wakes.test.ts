import { expect, test } from "vitest";
import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { partners } from "../../crds/resources.ts";
import { HOME } from "../../kube/plan.ts";
import { leases } from "../../kube/resources.ts";
import { testPolicy } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { consentPolicyWakes } from "./wakes.ts";

const cache = () => ({ list: () => [testPolicy()] });
const wakes = consentPolicyWakes({ get: () => ({ cache }) } as never);

test("a Partner that changes its policy wakes the old and the new one, one that does not wakes none", () => {
  const [before, object] = [testPartner(""), testPartner("", { consentPolicyRef: { name: "europe" } })];
  const event = { cluster: HOME, resource: partners as never };
  const changed = { type: "updated", object, previous: before, initial: false } as const;
  const named = (name: string) => ({ namespace: "partners", name });
  expect(wakes({ ...event, change: changed })).toEqual([named("europe"), named("kenya")]);
  expect(wakes({ ...event, change: { ...changed, object: before } })).toEqual([]);
});

test("another count of a stack wakes every policy, its renewal none", () => {
  const lease = (count: string, name = LIVE_CONSENTS) => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: { name, namespace: "stack-ke", annotations: { [LIVE_CONSENTS_ANNOTATION]: count } },
  });
  const wokenBy = (object: object, previous: object) =>
    wakes({
      cluster: "ke",
      resource: leases as never,
      change: { type: "updated", object, previous, initial: false } as never,
    });
  expect(wokenBy(lease("[1]"), lease("[]"))).toEqual([{ namespace: "partners", name: "kenya" }]);
  expect(wokenBy(lease("[]"), lease("[]"))).toEqual([]);
  expect(wokenBy(lease("[1]", "served-gateway-1"), lease("[]", "served-gateway-1"))).toEqual([]);
});
