import fc from "fast-check";
import { expect, test } from "vitest";
import { addressChanges, addressOf, type Service } from "./service-address.ts";

const POOL = "10.75.0.0/16";

function service(
  name: string,
  { type = "LoadBalancer", has, wants }: { type?: string; has?: string | undefined; wants?: string } = {},
): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "n", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { type, loadBalancerIP: wants },
    status: { loadBalancer: { ingress: has === undefined ? [] : [{ ip: has }] } },
  };
}

const outcome = (services: readonly Service[]) =>
  addressChanges(services, POOL).map(({ service: { metadata }, address }) => [metadata.name, address]);

test.each([
  { why: "a new Service gets the first address", given: [service("a")], want: [["a", "10.75.0.100"]] },
  { why: "one that has an address keeps it", given: [service("a", { has: "10.75.0.120" })], want: [] },
  {
    why: "an address of another pool is replaced",
    given: [service("a", { has: "10.1.0.5" })],
    want: [["a", "10.75.0.100"]],
  },
  {
    why: "a wish is fulfilled",
    given: [service("dns", { wants: "10.75.0.53" })],
    want: [["dns", "10.75.0.53"]],
  },
  {
    why: "what is no load balancer loses it",
    given: [service("a", { type: "ClusterIP", has: "10.75.0.100" })],
    want: [["a", undefined]],
  },
  {
    why: "of two with the same, one moves",
    given: [service("a", { has: "10.75.0.100" }), service("b", { has: "10.75.0.100" })],
    want: [["b", "10.75.0.101"]],
  },
])("$why", ({ given, want }) => {
  expect(outcome(given)).toEqual(want);
});

test("whatever was there before, every load balancer ends with an address of its own, and a second pass changes nothing", () => {
  const address = fc.option(
    fc.integer({ min: 1, max: 120 }).map((last) => `10.75.0.${last}`),
    { nil: undefined },
  );
  const type = fc.constantFrom("LoadBalancer", "ClusterIP");
  fc.assert(
    fc.property(fc.array(fc.record({ has: address, type }), { maxLength: 20 }), (parts) => {
      const before = parts.map((part, index) => service(`s${index}`, part));
      const changes = new Map(
        addressChanges(before, POOL).map((change) => [change.service.metadata.name, change.address]),
      );
      const after = before.map((each) => {
        const { name } = each.metadata;
        return changes.has(name)
          ? service(name, { ...(each.spec as { type: string }), has: changes.get(name) })
          : each;
      });
      const given = after.filter(({ spec }) => spec.type === "LoadBalancer").map(addressOf);
      expect(given).not.toContain(undefined);
      expect(new Set(given).size).toBe(given.length);
      expect(addressChanges(after, POOL)).toEqual([]);
    }),
  );
});
