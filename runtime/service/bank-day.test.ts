import fc from "fast-check";
import { expect, test } from "vitest";
import { bankDay, startOfBankDay } from "./bank-day.ts";

const DAY_MS = 86_400_000;
const countries = fc.constantFrom("KE", "DE", "GB", "IS", "PT", "US", "ZZ");
const days = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2037-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

test("a day begins and ends where the bank is", () => {
  const at = new Date("2026-11-23T22:30:00Z");
  expect(bankDay("KE", at)).toBe("2026-11-24");
  expect(bankDay("DE", at)).toBe("2026-11-23");
  expect(bankDay("US", new Date("2026-11-24T04:30:00Z"))).toBe("2026-11-23");
  expect(bankDay("ZZ", at)).toBe("2026-11-23");
});

test("its start is on that day at the bank and in UTC, in summer and in winter", () => {
  expect(startOfBankDay("KE", "2026-11-24").toISOString()).toBe("2026-11-24T00:00:00.000Z");
  expect(startOfBankDay("US", "2026-11-24").toISOString()).toBe("2026-11-24T05:00:00.000Z");
  expect(startOfBankDay("US", "2026-07-24").toISOString()).toBe("2026-07-24T05:00:00.000Z");
  fc.assert(
    fc.property(countries, days, (country, day) => {
      const start = startOfBankDay(country, day);
      expect([bankDay(country, start), start.toISOString().slice(0, 10)]).toEqual([day, day]);
    }),
  );
});

test("days counted on from it in UTC are the bank's, though its clocks change meanwhile", () => {
  fc.assert(
    fc.property(countries, days, fc.nat(731), (country, day, n) => {
      const at = new Date(startOfBankDay(country, day).getTime() + n * DAY_MS);
      expect(bankDay(country, at)).toBe(at.toISOString().slice(0, 10));
    }),
  );
});

test("a later day of the bank begins after every moment of an earlier one", () => {
  fc.assert(
    fc.property(countries, days, fc.integer({ min: 0, max: DAY_MS - 1 }), (country, day, within) => {
      const now = new Date(new Date(`${day}T00:00:00Z`).getTime() + within);
      const today = bankDay(country, now);
      const next = new Date(new Date(`${today}T00:00:00Z`).getTime() + DAY_MS).toISOString().slice(0, 10);
      expect(startOfBankDay(country, next).getTime()).toBeGreaterThan(now.getTime());
    }),
  );
});
