import fc from "fast-check";
import { expect, test } from "vitest";
import { CURRENCIES, exchanged, fixedRates } from "./rates.ts";

const currency = fc.constantFrom(...CURRENCIES);

test("an exchange and back never makes money", () => {
  const amounts = fc.bigInt({ min: 1n, max: 10n ** 14n });
  const property = fc.property(amounts, currency, currency, (amount, from, to) => {
    const rate = fixedRates.rate(from, to) ?? 0;
    const given = exchanged(amount, { from, to, rate }, "down");
    return exchanged(given, { from: to, to: from, rate: 1 / rate }, "down") <= amount + amount / 10n ** 7n;
  });
  expect(() => fc.assert(property)).not.toThrow();
});

test("what the bank gets is never less than what it gives", () => {
  const property = fc.property(
    fc.bigInt({ min: 1n, max: 10n ** 14n }),
    currency,
    currency,
    (amount, from, to) => {
      const rate = fixedRates.rate(from, to) ?? 0;
      return (
        exchanged(amount, { from, to, rate }, "up") - exchanged(amount, { from, to, rate }, "down") <= 1n
      );
    },
  );
  expect(() => fc.assert(property)).not.toThrow();
});

test.each([
  [10_000n, "EUR", "EUR", 1, 10_000n],
  [100n, "USD", "KES", 129.2, 12_920n],
  [12_920n, "KES", "JPY", 1.1687307, 151n],
  [151n, "JPY", "USD", 0.00662252, 100n],
])("%s minor units of %s are in %s at %s: %s", (amount, from, to, rate, want) => {
  expect(exchanged(amount, { from, to, rate }, "down")).toBe(want);
});

test("a currency that is not exchanged has no rate", () => {
  expect(fixedRates.rate("EUR", "XAU")).toBeUndefined();
});
