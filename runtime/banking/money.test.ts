import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amountText, creditOrDebit, minorUnits } from "./money.ts";

describe("an amount", () => {
  test.each([
    { minor: 123_456n, currency: "KES", want: "1234.56" },
    { minor: -5n, currency: "EUR", want: "0.05" },
    { minor: 0n, currency: "EUR", want: "0.00" },
    { minor: 1_500n, currency: "JPY", want: "1500" },
    { minor: 7_000n, currency: "UGX", want: "7000" },
    { minor: 1_234n, currency: "KWD", want: "1.234" },
  ])("of $minor minor units of $currency is $want", ({ minor, currency, want }) => {
    expect(amountText(minor, currency)).toBe(want);
  });

  test("is written as the standard allows, and loses nothing", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 13n) + 1n, max: 10n ** 13n - 1n }),
        fc.constantFrom("KES", "EUR", "JPY", "KWD"),
        (minor, currency) => {
          const text = amountText(minor, currency);
          expect(text).toMatch(/^\d{1,13}$|^\d{1,13}\.\d{1,5}$/);
          const back = BigInt(text.replace(".", "")) * (creditOrDebit(minor) === "Debit" ? -1n : 1n);
          expect(back).toBe(minor);
          expect((text.split(".")[1] ?? "").length).toBe(minorUnits(currency));
        },
      ),
    );
  });
});
