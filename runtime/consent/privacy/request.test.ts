import fc from "fast-check";
import { expect, test } from "vitest";
import { dueAt, extendedDueAt, plusMonths, type PrivacyRequest } from "./request.ts";

const ASKED = new Date("2026-01-31T12:00:00.000Z");
const REQUEST: PrivacyRequest = {
  id: "prv-1",
  customer: "cus-amina",
  kind: "access",
  law: "GDPR",
  askedAt: ASKED,
  askedBy: { kind: "customer", id: "cus-amina" },
  dueAt: dueAt("GDPR", ASKED),
};

test("in the EU an answer is due within a month, whose last day counts when it has no such day", () => {
  expect(dueAt("GDPR", ASKED).toISOString()).toBe("2026-02-28T12:00:00.000Z");
  expect(dueAt("GDPR", new Date("2026-11-22T12:00:00Z")).toISOString()).toBe("2026-12-22T12:00:00.000Z");
});

test("in Kenya an answer is due within seven days", () => {
  expect(dueAt("KenyaDPA", ASKED).toISOString()).toBe("2026-02-07T12:00:00.000Z");
});

test("in the EU an answer may take two months more, once, if that is said in time", () => {
  const longer = extendedDueAt(REQUEST, new Date("2026-02-20T00:00:00Z"));
  expect(longer?.toISOString()).toBe("2026-04-30T12:00:00.000Z");
  expect(extendedDueAt(REQUEST, new Date("2026-03-01T00:00:00Z"))).toBeUndefined();
  expect(extendedDueAt({ ...REQUEST, extendedBecause: "it is much" }, ASKED)).toBeUndefined();
  expect(extendedDueAt({ ...REQUEST, answeredAt: ASKED }, ASKED)).toBeUndefined();
});

test("in Kenya no answer may take longer", () => {
  expect(extendedDueAt({ ...REQUEST, law: "KenyaDPA" }, ASKED)).toBeUndefined();
});

test("some months later is always within the month that follows by so many", () => {
  const date = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(date, fc.integer({ min: 1, max: 100 }), (at, months) => {
      const later = plusMonths(at, months);
      const from = at.getUTCFullYear() * 12 + at.getUTCMonth();
      expect(later.getUTCFullYear() * 12 + later.getUTCMonth()).toBe(from + months);
      expect(later.getUTCDate()).toBeLessThanOrEqual(at.getUTCDate());
    }),
  );
});
