import fc from "fast-check";
import { expect, test } from "vitest";
import { instanceOf, planOf } from "./address-plan.ts";

const networks = (instance: number) => {
  const { nodes, clusters } = planOf(instance);
  return [nodes, ...clusters.flatMap(({ pods, services, loadBalancers }) => [pods, services, loadBalancers])];
};

test("no network of one instance is another one's, within it or in another instance", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 }), (one, other) => {
      const prefixes = (one === other ? networks(one) : [...networks(one), ...networks(other)]).map((net) =>
        net.split(".").slice(0, 2).join("."),
      );
      expect(new Set(prefixes).size).toBe(prefixes.length);
    }),
  );
});

test("link names fit into the kernel's 15 characters and every byte of an address into 255", () => {
  for (const { link, node, loadBalancers } of planOf(11).clusters) {
    expect(link.length).toBeLessThanOrEqual(15);
    for (const byte of `${node}.${loadBalancers.replace("/16", "")}`.split("."))
      expect(Number(byte)).toBeLessThan(256);
  }
});

test("instance 0 as people meet it", () => {
  expect(planOf(0)).toMatchObject({ host: "10.64.0.1", platformDns: "10.75.0.53" });
  expect(planOf(0).clusters.map(({ id, server, dns }) => [id, server, dns])).toEqual([
    ["wk0-hub", "https://10.64.0.11:6443", "10.70.0.10"],
    ["wk0-ke", "https://10.64.0.12:6443", "10.71.0.10"],
    ["wk0-eu", "https://10.64.0.13:6443", "10.72.0.10"],
  ]);
});

test.each(["12", "-1", "a", "1.5", "1e0"])("WEKEZA_INSTANCE=%s is refused with a sentence", (value) => {
  expect(() => instanceOf({ WEKEZA_INSTANCE: value })).toThrow(
    `WEKEZA_INSTANCE is ${value}; it must be a whole number from 0 to 11`,
  );
});
