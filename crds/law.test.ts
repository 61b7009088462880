import fc from "fast-check";
import { expect, test } from "vitest";
import { JURISDICTIONS } from "./jurisdiction.ts";
import { beyond, BOUNDED, LAW, LAW_RULES } from "./law.ts";

const days = fc.integer({ min: 1, max: 1_000 });
const policies = fc.record({
  reauthenticationDays: days,
  transactionHistoryDays: days,
  unattendedCallsPerDay: days,
});

test("a policy may always give less: what is within a law stays so when a number falls", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...JURISDICTIONS),
      policies,
      fc.constantFrom(...BOUNDED),
      (law, policy, what) => {
        const stricter = { ...policy, [what]: Math.max(1, policy[what] - 1) };
        expect(beyond(law, stricter).length).toBeLessThanOrEqual(beyond(law, policy).length);
      },
    ),
  );
});

test("each number beyond a law is named with what was given, the most, and where the law says so", () => {
  const policy = { reauthenticationDays: 181, transactionHistoryDays: 90, unattendedCallsPerDay: 5 };
  expect(beyond("eu-psd2", policy)).toEqual([
    { what: "reauthenticationDays", given: 181, most: 180, source: "EU 2018/389 article 10a(2)(b)" },
    { what: "unattendedCallsPerDay", given: 5, most: 4, source: "EU 2018/389 article 36(5)(b)" },
  ]);
  expect(beyond("ke-cbk", policy)).toEqual([]);
});

test("the schema has a rule for each bound of each law", () => {
  const bounds = JURISDICTIONS.flatMap((law) => Object.keys(LAW[law]));
  expect(LAW_RULES).toHaveLength(bounds.length);
});
