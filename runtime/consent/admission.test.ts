import { describe, expect, test } from "vitest";
import { PERMISSIONS } from "../../crds/consent-policy.ts";
import { admit } from "./admission.ts";
import { ACCOUNT_ACCESS, type AccountAccessRequest } from "./kinds/account-access.ts";
import { daysAfter, NOON, POLICY, requestOf } from "./testing/consents.ts";

function admitted(data: Partial<AccountAccessRequest["Data"]>, policy = POLICY): ReturnType<typeof admit> {
  return admit(ACCOUNT_ACCESS, requestOf(data), { id: "aac-1", clientId: "ptn-1", policy, now: NOON });
}

describe("a consent is refused, with everything that is wrong", () => {
  test.each<{ why: string; data: Partial<AccountAccessRequest["Data"]>; want: readonly string[] }>([
    {
      why: "without a list of accounts",
      data: { Permissions: ["ReadBalances"] },
      want: ["Permissions need ReadAccountsBasic or ReadAccountsDetail; add one."],
    },
    {
      why: "with transactions but neither credits nor debits",
      data: { Permissions: ["ReadAccountsBasic", "ReadTransactionsBasic"] },
      want: [
        "ReadTransactionsBasic and ReadTransactionsDetail need ReadTransactionsCredits or ReadTransactionsDebits beside them; add one.",
      ],
    },
    {
      why: "with credits of no transactions",
      data: { Permissions: ["ReadAccountsBasic", "ReadTransactionsCredits"] },
      want: [
        "ReadTransactionsCredits and ReadTransactionsDebits need ReadTransactionsBasic or ReadTransactionsDetail beside them; add one.",
      ],
    },
    {
      why: "with a permission the policy does not give",
      data: { Permissions: ["ReadAccountsBasic", "ReadPAN", "ReadParty"] },
      want: [
        "Permission ReadPAN breaks rule permissions of consent policy ke-standard; leave it out.",
        "Permission ReadParty breaks rule permissions of consent policy ke-standard; leave it out.",
      ],
    },
    {
      why: "longer than the policy allows",
      data: { ExpirationDateTime: daysAfter(180.5).toISOString() },
      want: [
        "Data.ExpirationDateTime breaks rule maxDurationDays (180) of consent policy ke-standard; ask for 2027-05-21T12:00:00.000Z at the latest.",
      ],
    },
    {
      why: "with an end in the past",
      data: { ExpirationDateTime: NOON.toISOString() },
      want: ["Data.ExpirationDateTime is in the past."],
    },
    {
      why: "with a period that ends before it begins",
      data: {
        TransactionFromDateTime: "2026-10-01T00:00:00+03:00",
        TransactionToDateTime: "2026-09-30T20:59:59Z",
      },
      want: ["Data.TransactionToDateTime is before Data.TransactionFromDateTime."],
    },
  ])("$why", ({ data, want }) => {
    const result = admitted(data);
    expect("faults" in result ? result.faults.map(({ message }) => message) : result).toEqual(want);
  });
});

describe("a consent is admitted", () => {
  test("until the end the partner asked for", () => {
    expect(admitted({ ExpirationDateTime: "2027-01-01T00:00:00+03:00" })).toMatchObject({
      consent: { state: "AWAU", expiresAt: new Date("2026-12-31T21:00:00Z") },
    });
  });

  test("until the policy's end when the partner asked for none", () => {
    expect(admitted({})).toMatchObject({ consent: { expiresAt: daysAfter(180), policy: POLICY } });
  });

  test("with each permission once", () => {
    const Permissions = ["ReadBalances", "ReadAccountsBasic", "ReadBalances"] as const;
    expect(admitted({ Permissions: [...Permissions] })).toMatchObject({
      consent: { permissions: ["ReadBalances", "ReadAccountsBasic"] },
    });
  });

  test("for all 21 permissions, where the policy gives them", () => {
    const policy = { ...POLICY, permissions: [...PERMISSIONS] };
    expect(admitted({ Permissions: [...PERMISSIONS] }, policy)).toHaveProperty("consent");
  });
});

describe("a body that is no request", () => {
  test.each<{ why: string; body: unknown; want: object }>([
    { why: "is nothing", body: undefined, want: { reason: "FieldInvalid" } },
    { why: "has no Data", body: { Risk: {} }, want: { reason: "FieldMissing", path: "Data" } },
    { why: "has no Risk", body: { Data: requestOf().Data }, want: { reason: "FieldMissing", path: "Risk" } },
    {
      why: "has no Permissions",
      body: { Data: {}, Risk: {} },
      want: { reason: "FieldMissing", path: "Data.Permissions" },
    },
    {
      why: "asks for nothing",
      body: { Data: { Permissions: [] }, Risk: {} },
      want: { reason: "FieldInvalid", path: "Data.Permissions" },
    },
    {
      why: "asks for what does not exist",
      body: { Data: { Permissions: ["ReadEverything"] }, Risk: {} },
      want: { reason: "FieldInvalid", path: "Data.Permissions.0" },
    },
    {
      why: "has a date without a time zone",
      body: { ...requestOf(), Data: { ...requestOf().Data, ExpirationDateTime: "2027-01-01T00:00:00" } },
      want: { reason: "FieldInvalidDate", path: "Data.ExpirationDateTime" },
    },
    {
      why: "has a Risk that says something",
      body: { ...requestOf(), Risk: { Score: 1 } },
      want: { reason: "FieldUnexpected", path: "Risk.Score" },
    },
  ])("$why", ({ body, want }) => {
    expect(ACCOUNT_ACCESS.read(body, { policy: POLICY, now: NOON })).toMatchObject({ faults: [want] });
  });
});
