import fc from "fast-check";
import { expect, test } from "vitest";

import { compareVersions, keyText, parseKey } from "./object.ts";

test("versions compare as numbers of any size", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.bigInt({ min: 0n, max: 2n ** 64n }), (a, b) => {
      expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test("a key survives being text", () => {
  for (const key of [{ namespace: "a", name: "b" }, { name: "c" }])
    expect(parseKey(keyText(key))).toEqual(key);
});
