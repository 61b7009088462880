import { expect, test } from "vitest";
import { inAnyCase } from "./in-any-case.ts";

const fail = (message: string) => async () => {
  throw new Error(message);
};

test("steps after one that failed are taken, and what failed is thrown", async () => {
  const taken: string[] = [];
  const steps = [() => taken.push("one"), fail("two"), () => taken.push("three")];
  await expect(inAnyCase(...steps)).rejects.toThrow("two");
  expect(taken).toEqual(["one", "three"]);
});

test("of several that failed none is lost", async () => {
  await expect(inAnyCase(fail("one"), fail("two"))).rejects.toThrow("Error: one; Error: two");
});

test("nothing is thrown when nothing failed", async () => {
  await expect(
    inAnyCase(
      () => undefined,
      async () => 1,
    ),
  ).resolves.toBeUndefined();
});
