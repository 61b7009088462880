import { describe, expect, test } from "vitest";
import { iban, ibanHolds } from "./account-number.ts";
import { household } from "./household.ts";
import { placeIn } from "./people.ts";

const today = new Date("2026-11-22T18:00:00Z");
const households = ["KE", "DE"].flatMap((country) => {
  const place = placeIn(country);
  return place.people.map((person) => household(country, place, person, today));
});

describe("an IBAN", () => {
  test("has the check digits of ISO 13616", () => {
    expect(ibanHolds("DE89370400440532013000")).toBe(true);
    expect(ibanHolds("DE88370400440532013000")).toBe(false);
    expect(ibanHolds(iban("0123456789"))).toBe(true);
    expect(iban("0123456789")).toMatch(/^DE\d{20}$/);
  });
});

describe("demo customers", () => {
  test("live the same life each time", () => {
    const place = placeIn("KE");
    const [person] = place.people;
    expect(person).toBeDefined();
    expect(household("KE", place, person!, today)).toEqual(household("KE", place, person!, today));
  });

  test("are known by names and currency of their country", () => {
    expect(households.map(({ person, accounts }) => `${person.username} ${accounts[0]?.currency}`)).toEqual([
      "wanjiru KES",
      "otieno KES",
      "amina KES",
      "anna EUR",
      "lukas EUR",
      "sofia EUR",
    ]);
  });

  test("share no account, number or reference", () => {
    const accounts = households.flatMap((home) => home.accounts);
    const references = households.flatMap((home) => home.entries.map(({ reference }) => reference));
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(accounts.length);
    expect(new Set(accounts.map(({ identification }) => identification)).size).toBe(accounts.length);
    expect(new Set(references).size).toBe(references.length);
  });

  test.each(households)(
    "$person.username never owes, and has months of entries that balance, in order",
    ({ entries, accounts }) => {
      const balances = new Map(accounts.map(({ id }) => [id, 0n]));
      for (const { postings } of entries) {
        expect(postings.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n);
        for (const { account, amount } of postings) {
          const before = balances.get(account);
          if (before !== undefined) balances.set(account, before + amount);
        }
        expect([...balances.values()].every((balance) => balance >= 0n)).toBe(true);
      }
      const times = entries.map(({ bookedAt }) => bookedAt.getTime());
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(Math.max(...times)).toBeLessThanOrEqual(today.getTime());
      expect(entries.length).toBeGreaterThan(250);
      expect(entries.some(({ family, subFamily }) => `${family}/${subFamily}` === "RCDT/SALA")).toBe(true);
    },
  );
});
