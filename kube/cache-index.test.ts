import fc from "fast-check";
import { expect, test } from "vitest";
import { CacheIndex } from "./cache-index.ts";

const values = fc.subarray(["red", "green", "blue"]);

test("whatever moves, a value finds exactly the keys whose object has it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), to: fc.option(values, { nil: undefined }) })),
      (moves) => {
        const index = new CacheIndex<readonly string[]>((object) => object);
        const objects = new Map<string, readonly string[] | undefined>();
        for (const { key, to } of moves) {
          index.move(key, objects.get(key), to);
          objects.set(key, to);
        }
        for (const value of ["red", "green", "blue"]) {
          const wanted = ["a", "b", "c"].filter((key) => objects.get(key)?.includes(value));
          expect([...index.keys(value)].toSorted()).toEqual(wanted);
        }
      },
    ),
  );
});

test("a value that an object names twice is filed once", () => {
  const index = new CacheIndex<readonly string[]>((object) => object);
  index.move("a", undefined, ["red", "red"]);
  expect([...index.keys("red")]).toEqual(["a"]);
  index.move("a", ["red", "red"], []);
  expect([...index.keys("red")]).toEqual([]);
});
