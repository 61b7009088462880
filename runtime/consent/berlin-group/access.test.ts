import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { CONSENT_STATES } from "../../service/consent-snapshot.ts";
import { admit } from "../admission.ts";
import { asOf, type Consent } from "../consent.ts";
import { ACCOUNT_ACCESS } from "../kinds/account-access.ts";
import { isTakenBack } from "../states.ts";
import { AWAITING, daysAfter, NOON, POLICY, YES } from "../testing/consents.ts";
import { berlinGroupStatus, obukStatus } from "../views.ts";
import { permissionsOf, readAccessRequest, rightsOf } from "./access.ts";
import { consentInformation, scaStatusOf } from "./answers.ts";

const BODY = {
  access: { accounts: [], balances: [] },
  recurringIndicator: true,
  validUntil: "2026-12-24",
  frequencyPerDay: 4,
  combinedServiceIndicator: false,
};
const read = (change: object = {}) =>
  readAccessRequest({ ...BODY, ...change }, { policy: POLICY, now: NOON });

/** Codes and places of a refusal. */
function refusal(change: object): readonly string[] {
  try {
    read(change);
    return [];
  } catch (error) {
    if (!(error instanceof BerlinGroupError)) throw error;
    return error.messages.map(({ code, path = "" }) => `${code} ${path}`);
  }
}

describe("a request for account access", () => {
  test("is the same request in the words of Open Banking UK", () => {
    expect(read().asked).toEqual({
      Data: {
        Permissions: ["ReadAccountsDetail", "ReadBalances"],
        ExpirationDateTime: "2026-12-24T23:59:59.999Z",
      },
      Risk: {},
    });
  });

  test.each(["9999-12-31", daysAfter(180).toISOString().slice(0, 10)])(
    "until %s ends when the policy says",
    (validUntil) => {
      expect(read({ validUntil }).asked.Data.ExpirationDateTime).toBe(daysAfter(180).toISOString());
    },
  );

  test.each([
    [
      { access: { accounts: [{ iban: "DE75512108001245126199" }] } },
      "PARAMETER_NOT_SUPPORTED access.accounts",
    ],
    [{ access: { allPsd2: "allAccounts" } }, "PARAMETER_NOT_SUPPORTED access.allPsd2"],
    [{ access: {} }, "FORMAT_ERROR access"],
    [{ recurringIndicator: false }, "PARAMETER_NOT_SUPPORTED recurringIndicator"],
    [{ combinedServiceIndicator: true }, "SESSIONS_NOT_SUPPORTED combinedServiceIndicator"],
    [{ frequencyPerDay: 0 }, "FORMAT_ERROR frequencyPerDay"],
    [{ validUntil: "tomorrow" }, "FORMAT_ERROR validUntil"],
    [{ access: undefined }, "FORMAT_ERROR access"],
    [{ psuId: "anna" }, "PARAMETER_NOT_SUPPORTED psuId"],
  ])("with %j is refused as %s", (change, want) => {
    expect(refusal(change)).toContain(want);
  });

  test("that it reads, the rules of the bank decide; whatever else it is, it is refused and nothing throws", () => {
    const right = fc.constantFrom([[]], [[{}]], []).map(([value]) => value);
    const access = fc.record({ accounts: right, balances: right, transactions: right });
    const date = fc
      .date({ min: daysAfter(-10), max: daysAfter(400), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10));
    const body = fc.record({
      access: fc.oneof(access, fc.jsonValue()),
      recurringIndicator: fc.boolean(),
      validUntil: fc.oneof(date, fc.string()),
      frequencyPerDay: fc.oneof(fc.integer(), fc.string()),
      combinedServiceIndicator: fc.boolean(),
    });
    fc.assert(
      fc.property(body, (change) => {
        if (refusal(change).length > 0) return;
        const admitted = admit(ACCOUNT_ACCESS, read(change).asked, {
          id: "aac-1",
          clientId: "ptn-1",
          policy: POLICY,
          now: NOON,
        });
        const past = change.validUntil < NOON.toISOString().slice(0, 10);
        expect("faults" in admitted).toBe(past);
      }),
    );
  });
});

test("rights are the same after they were permissions", () => {
  const rights = fc.subarray(["accounts", "balances", "transactions"] as const);
  fc.assert(
    fc.property(rights, (names) => {
      const access = Object.fromEntries(names.map((name) => [name, []]));
      expect(rightsOf(permissionsOf(access))).toEqual(
        ["accounts", "balances", "transactions"].filter((name) => name === "accounts" || name in access),
      );
    }),
  );
});

/** Account access in any state that can be, at any time. */
const anyConsent = fc
  .record({
    state: fc.constantFrom(...CONSENT_STATES).filter((state) => state !== "AWUP" && state !== "COND"),
    deleted: fc.boolean(),
    authorised: fc.boolean(),
    days: fc.integer({ min: 0, max: 200 }),
    sent: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
  })
  .map(({ state, deleted, authorised, days, sent }): Consent => {
    const { do: _, ...authorisation } = YES;
    const endedBy = { RJCT: "reject", CANC: deleted ? "delete" : "withdraw", EXPD: "expire" } as const;
    const ending = state in endedBy ? endedBy[state as keyof typeof endedBy] : undefined;
    const consent: Consent = {
      ...AWAITING,
      state,
      endedBy: ending,
      authorisation: state === "AUTH" || authorised ? { ...authorisation, debtor: undefined } : undefined,
      ...(sent === undefined ? {} : { berlinGroup: { frequencyPerDay: sent } }),
    };
    return asOf(consent, daysAfter(days));
  });

describe("both dialects tell the same of a consent", () => {
  test("in every state: what one calls living is living in the other, and ended what has ended", () => {
    const same: Readonly<Record<string, readonly string[]>> = {
      AWAU: ["received"],
      AUTH: ["valid"],
      RJCT: ["rejected"],
      EXPD: ["expired"],
      CANC: ["revokedByPsu", "terminatedByTpp"],
    };
    fc.assert(
      fc.property(anyConsent, (consent) => {
        const { kind, state, endedBy } = consent;
        const status = berlinGroupStatus(state, endedBy);
        expect(same[obukStatus(kind, state)]).toContain(status);
        expect(["received", "valid"].includes(status)).toBe(!isTakenBack(state));
        expect(status === "received").toBe(scaStatusOf(consent) === "received");
        expect(status !== "valid" || scaStatusOf(consent) === "finalised").toBe(true);
      }),
    );
  });

  test("in what it gives: no right without its permission, no call a day more than the policy has", () => {
    fc.assert(
      fc.property(anyConsent, (consent) => {
        const told = consentInformation(consent) as {
          access: object;
          frequencyPerDay: number;
          validUntil: string;
        };
        expect(Object.keys(told.access)).toEqual(rightsOf(consent.permissions));
        expect(told.frequencyPerDay).toBeLessThanOrEqual(POLICY.unattendedPerDay);
        expect(told.validUntil).toBe(consent.expiresAt.toISOString().slice(0, 10));
      }),
    );
  });
});
