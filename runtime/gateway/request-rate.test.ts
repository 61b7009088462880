import fc from "fast-check";
import { expect, test } from "vitest";
import { createRequestRate, steadied } from "./request-rate.ts";

test("the busiest ten seconds of the last minute are told once they are over, and forgotten after a minute", () => {
  let ms = 0;
  const rate = createRequestRate(() => ms);
  for (let call = 0; call < 4_000; call += 1) rate.observe();
  expect(rate.report()).toBe(0);
  ms = 10_000;
  expect(rate.report()).toBe(400);
  rate.observe();
  ms = 60_000;
  expect(rate.report()).toBe(400);
  ms = 70_000;
  expect(rate.report()).toBe(0);
});

test("whatever the rate, it is told within a fifth or 50 a second, and what is told stays while it stays", () => {
  const rate = fc.double({ min: 0, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(rate, { minLength: 1 }), (rates) => {
      let told = 0;
      for (const each of rates) {
        told = steadied(told, each);
        expect(Math.abs(told - each)).toBeLessThanOrEqual(Math.max(50, told / 5));
        expect(steadied(told, each)).toBe(told);
        expect(Number.isInteger(told)).toBe(true);
      }
    }),
  );
});
