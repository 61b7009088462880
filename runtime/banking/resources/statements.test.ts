import { expect, test } from "vitest";
import type { Account } from "../core-bank.ts";
import { statementsOf } from "./statements.ts";

const account = (openedAt: string) => ({ id: "a1", openedAt: new Date(openedAt) }) as Account;
const ids = (openedAt: string, from: string, to: string) =>
  statementsOf(account(openedAt), { from: new Date(from), to: new Date(to) }).map(({ id }) => id);

test("there is one for each month that is over and wholly covered", () => {
  expect(ids("2020-01-01", "2026-08-24T18:00:00Z", "2026-11-22T18:00:00Z")).toEqual(["2026-10", "2026-09"]);
});

test("the month in which the account was opened begins with it", () => {
  expect(ids("2026-09-10T00:00:00Z", "2026-01-01", "2026-11-01T00:00:00Z")).toEqual(["2026-10", "2026-09"]);
});

test("a month ends one millisecond before the next begins", () => {
  const [october] = statementsOf(account("2020-01-01"), { from: new Date(0), to: new Date("2026-11-01") });
  expect(october?.period.to.toISOString()).toBe("2026-10-31T23:59:59.999Z");
});

test("an empty period has none", () => {
  expect(ids("2020-01-01", "2026-11-22", "2026-01-01")).toEqual([]);
});
