import { expect, test } from "vitest";
import { Partner } from "../crds/partner.ts";
import { testPartner } from "../operator/testing/partner.ts";
import { mutationsOf } from "./mutation.ts";

const schema = {
  type: "object",
  properties: {
    on: { type: "boolean" },
    rate: { type: "integer", minimum: 1, maximum: 9 },
    groups: { type: "array", items: { type: "string" } },
  },
};

test("each mutation changes one thing and leaves the rest", () => {
  const spec = { on: true, rate: 5, groups: ["ke"] };
  const found = new Map(mutationsOf(schema, spec).map(({ name, spec: changed }) => [name, changed]));
  expect(found.get("/on is false")).toEqual({ ...spec, on: false });
  expect(found.get("/rate is 9")).toEqual({ ...spec, rate: 9 });
  expect(found.get("/rate is deleted")).toEqual({ on: true, groups: ["ke"] });
  expect(found.get("/groups/0 names what is not there")).toEqual({ ...spec, groups: ["nowhere"] });
  expect(found.get("/groups/0 is deleted")).toEqual({ ...spec, groups: [] });
});

test("every property of a Partner is deleted, bounded, flipped or made impossible", () => {
  const { spec } = testPartner("csr");
  const names = mutationsOf(Partner.spec, spec).map(({ name }) => name);
  const untouched = Object.keys(spec).filter((field) => !names.some((name) => name.startsWith(`/${field}`)));
  expect(untouched).toEqual([]);
  expect(new Set(mutationsOf(Partner.spec, spec).map(({ how }) => how)).size).toBe(4);
});
