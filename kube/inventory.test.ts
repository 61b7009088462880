import fc from "fast-check";
import { expect, test } from "vitest";

import { inventoryOf, placeOf, unwanted } from "./inventory.ts";
import type { InventoryEntry } from "./plan.ts";

const entry = fc.record({
  cluster: fc.constantFrom("home", "ke"),
  apiVersion: fc.constantFrom("v1", "apps/v1"),
  kind: fc.constantFrom("A", "B"),
  name: fc.constantFrom("x", "y", "z"),
});
const inventory = fc.uniqueArray(entry, { selector: placeOf });

test("the last made is pruned first", () => {
  const made = ["namespace", "secret", "deployment"].map((name) => ({
    cluster: "ke",
    apiVersion: "v1",
    kind: "A",
    name,
  }));
  expect(unwanted(made, []).map(({ name }) => name)).toEqual(["deployment", "secret", "namespace"]);
});

test("an object under a newer version of its API is the same object", () => {
  const old: InventoryEntry = { cluster: "ke", apiVersion: "policy/v1beta1", kind: "A", name: "x" };
  expect(unwanted([old], [{ ...old, apiVersion: "policy/v1" }])).toEqual([]);
});

test("everything is wanted, or pruned, or both were never there", () => {
  fc.assert(
    fc.property(inventory, inventory, (known, wanted) => {
      const surplus = unwanted(known, wanted);
      const whole = inventoryOf(wanted, surplus);
      const places = whole.map(placeOf);
      expect(new Set(places).size).toBe(places.length);
      for (const each of [...known, ...wanted]) expect(places).toContain(placeOf(each));
      expect(surplus.filter((each) => wanted.some((other) => placeOf(other) === placeOf(each)))).toEqual([]);
    }),
  );
});
