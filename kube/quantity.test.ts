import { expect, test } from "vitest";

import { quantityValue, sameQuantity } from "./quantity.ts";

test.each([
  ["500m", 0.5],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["1e3", 1000],
  ["12E", 12e18],
  ["2E3", 2000],
  [".5", 0.5],
  ["100M", 1e8],
  ["1 Gi", undefined],
  ["", undefined],
  ["Gi", undefined],
])("%s is %d", (text, want) => {
  expect(quantityValue(text)).toBe(want);
});

test("amounts are the same however they are spelled", () => {
  expect(sameQuantity("1000m", "1")).toBe(true);
  expect(sameQuantity("1024Mi", "1Gi")).toBe(true);
  expect(sameQuantity("1G", "1Gi")).toBe(false);
  expect(sameQuantity("abc", "abc")).toBe(true);
  expect(sameQuantity("abc", "abd")).toBe(false);
});
