import fc from "fast-check";
import { expect, test } from "vitest";
import { ASSERTION_SECONDS, issuedAt, timeFault } from "./assertion.ts";

const NOW = 1_000_000;

test.each([
  { what: "lives a minute", times: { exp: NOW + 60, iat: NOW, nbf: NOW }, fault: undefined },
  { what: "says only when it ends", times: { exp: NOW + 60 }, fault: undefined },
  { what: "was issued 10 s ahead", times: { exp: NOW + 60, iat: NOW + 10 }, fault: undefined },
  {
    what: "was issued 60 s ahead",
    times: { exp: NOW + 120, iat: NOW + 60 },
    fault: "iat lies in the future",
  },
  {
    what: "is valid from 60 s ahead",
    times: { exp: NOW + 120, nbf: NOW + 60 },
    fault: "nbf lies in the future",
  },
  { what: "lives for two hours", times: { exp: NOW + 7_200 }, fault: "exp is more than 3600 s away" },
])("an assertion that $what: $fault", ({ times, fault }) => {
  expect(timeFault(times, NOW)).toBe(fault);
});

test("an assertion without a time of its own counts as old as it may be", () => {
  expect(issuedAt({ exp: NOW + 60 })).toBe(NOW + 60 - ASSERTION_SECONDS);
  expect(issuedAt({ exp: NOW + 60, nbf: NOW - 5 })).toBe(NOW - 5);
  expect(issuedAt({ exp: NOW + 60, nbf: NOW - 5, iat: NOW })).toBe(NOW);
});

test("an assertion without iat, of any life that is accepted, was made no earlier than issuedAt says", () => {
  const made = fc.integer({ min: NOW - 7_200, max: NOW });
  const honest = fc.property(
    made,
    fc.nat(ASSERTION_SECONDS),
    (at, life) => issuedAt({ exp: at + life }) <= at,
  );
  expect(fc.check(honest).failed).toBe(false);
});
