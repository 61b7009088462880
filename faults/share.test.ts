import fc from "fast-check";
import { expect, test } from "vitest";
import { ALL, countWithin, type Share, shareFrom, shareOf, shareWithin } from "./share.ts";

const partsOf = (of: number): readonly Share[] => Array.from({ length: of }, (_, index) => ({ index, of }));

test("shares of shares have every item once", () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (size, of, within) => {
        const items = Array.from({ length: size }, (_, index) => index);
        const dealt = partsOf(of).flatMap((share) =>
          partsOf(within).flatMap((part) => shareOf(items, shareWithin(share, part))),
        );
        expect(dealt.toSorted((a, b) => a - b)).toEqual(items);
      },
    ),
  );
});

test("what is asked for is divided without loss", () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 7 }), (count, of) => {
      const dealt = partsOf(of).map((part) => countWithin(count, part));
      expect(dealt.reduce((sum, each) => sum + each, 0)).toBe(count);
    }),
  );
  expect(countWithin(Number.POSITIVE_INFINITY, { index: 1, of: 2 })).toBe(Number.POSITIVE_INFINITY);
});

test("the third of eight is written 3/8, and nothing else is a share", () => {
  expect(shareFrom("3/8")).toEqual({ index: 2, of: 8 });
  expect(shareFrom("1/1")).toEqual(ALL);
  for (const text of ["0/8", "9/8", "3", "3/8/2", ""]) expect(() => shareFrom(text)).toThrow("no share");
});
