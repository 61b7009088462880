import fc from "fast-check";
import { expect, test } from "vitest";
import { nthPayment, type Schedule } from "./schedule.ts";

const schedule = (fields: Partial<Schedule>): Schedule => ({
  first: new Date("2027-01-31T08:00:00Z"),
  frequency: "MNTH",
  last: undefined,
  count: undefined,
  ...fields,
});
const days = (fields: Partial<Schedule>, ...runs: readonly number[]) =>
  runs.map((n) => nthPayment(schedule(fields), n)?.toISOString().slice(0, 10));

test("a monthly order of the 31st pays on the last day of short months and comes back", () => {
  expect(days({}, 0, 1, 2, 3)).toEqual(["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]);
});

test("working days leave the weekend out", () => {
  const friday = { first: new Date("2027-01-01T08:00:00Z"), frequency: "WODL" };
  expect(days(friday, 1, 2, 5, 6)).toEqual(["2027-01-04", "2027-01-05", "2027-01-08", "2027-01-11"]);
});

test("it ends with its number of payments, and with its last date", () => {
  expect(days({ count: 2 }, 1, 2)).toEqual(["2027-02-28", undefined]);
  expect(days({ last: new Date("2027-02-28T08:00:00Z") }, 1, 2)).toEqual(["2027-02-28", undefined]);
});

test("a frequency without a fixed step pays once", () => {
  expect(days({ frequency: "INDA" }, 0, 1)).toEqual(["2027-01-31", undefined]);
});

test("payments of an order come one after another", () => {
  const codes = fc.constantFrom(
    "DAIL",
    "WODL",
    "WEEK",
    "FRTN",
    "FOWK",
    "MNTH",
    "TWMH",
    "QURT",
    "MIAN",
    "YEAR",
  );
  const dates = fc.date({ min: new Date("2026-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
  const property = fc.property(dates, codes, fc.nat(60), (first, frequency, n) => {
    const [one, next] = [n, n + 1].map((each) => nthPayment(schedule({ first, frequency }), each));
    return one !== undefined && next !== undefined && one < next;
  });
  expect(() => fc.assert(property)).not.toThrow();
});
