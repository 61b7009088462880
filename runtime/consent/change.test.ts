import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type Change } from "./change.ts";
import { asOf, AWAITING_MS, type Consent } from "./consent.ts";
import { isEnd } from "./states.ts";
import { AWAITING, daysAfter, NOON, YES } from "./testing/consents.ts";

function after(consent: Consent, change: Change, at = NOON): Consent {
  const decision = decide(consent, change, at);
  if (!decision.ok) throw new Error(decision.why);
  return decision.consent;
}
const authorised = after(AWAITING, YES);

describe("a change", () => {
  test.each<{ why: string; from: Consent; change: Change; at?: Date; want: object }>([
    {
      why: "a customer authorises",
      from: AWAITING,
      change: YES,
      want: { ok: true, transition: "authorise" },
    },
    {
      why: "the same authorisation once more changes nothing",
      from: authorised,
      change: YES,
      want: { ok: true, changed: false },
    },
    {
      why: "the same customer may authenticate again, under a new grant",
      from: authorised,
      change: { ...YES, grantId: "grant-2" },
      want: { ok: true, transition: "reauthorise" },
    },
    {
      why: "another customer may not take it over",
      from: authorised,
      change: { ...YES, customer: "cus-brian", grantId: "grant-2" },
      want: { ok: false, why: "OtherCustomer" },
    },
    {
      why: "no account, no consent",
      from: AWAITING,
      change: { ...YES, accounts: [] },
      want: { ok: false, why: "NoAccounts" },
    },
    {
      why: "a request waits for a day, then nobody can authorise it",
      from: AWAITING,
      change: YES,
      at: new Date(NOON.getTime() + AWAITING_MS),
      want: { ok: false, why: "StateForbids", consent: { state: "EXPD" } },
    },
    {
      why: "an authorised consent is not rejected any more",
      from: authorised,
      change: { do: "reject" },
      want: { ok: false, why: "StateForbids" },
    },
    {
      why: "a customer withdraws",
      from: authorised,
      change: { do: "withdraw", customer: "cus-amina" },
      want: { ok: true, transition: "withdraw", consent: { state: "CANC", endedBy: "withdraw" } },
    },
    {
      why: "another customer cannot withdraw it",
      from: authorised,
      change: { do: "withdraw", customer: "cus-brian" },
      want: { ok: false, why: "OtherCustomer" },
    },
    {
      why: "what the customer agreed to is not taken back by the partner alone",
      from: authorised,
      change: { do: "takeBack" },
      want: { ok: false, why: "StateForbids", consent: { state: "AUTH" } },
    },
    {
      why: "nothing expires before its time",
      from: authorised,
      change: { do: "expire" },
      at: daysAfter(89),
      want: { ok: false, why: "NotYetOver" },
    },
    {
      why: "what expires did so when its time was over, however late that is noticed",
      from: authorised,
      change: { do: "expire" },
      at: daysAfter(99),
      want: { ok: true, consent: { state: "EXPD", stateUpdatedAt: daysAfter(90) } },
    },
  ])("$why", ({ from, change, at = NOON, want }) => {
    expect(decide(from, change, at)).toMatchObject(want);
  });

  test("keeps what was asked for, whatever happens, and an end stays", () => {
    const changes: readonly Change[] = [
      YES,
      { ...YES, grantId: "grant-2" },
      { do: "reject" },
      { do: "delete" },
      { do: "takeBack" },
      { do: "endPartner" },
      { do: "expire" },
      { do: "withdraw", customer: "cus-amina" },
    ];
    const steps = fc.array(fc.tuple(fc.constantFrom(...changes), fc.integer({ min: 0, max: 40 })));
    fc.assert(
      fc.property(steps, (history) => {
        let consent = AWAITING;
        let days = 0;
        for (const [change, pause] of history) {
          days += pause;
          const decision = decide(consent, change, daysAfter(days));
          expect(isEnd(consent.state) && decision.ok).toBe(false);
          const { permissions, expiresAt, policy, clientId } = decision.consent;
          expect({ permissions, expiresAt, policy, clientId }).toEqual({
            permissions: AWAITING.permissions,
            expiresAt: AWAITING.expiresAt,
            policy: AWAITING.policy,
            clientId: AWAITING.clientId,
          });
          if (decision.ok) consent = decision.consent;
          // "Authorised" never outlives the time the customer agreed to.
          expect(asOf(consent, daysAfter(days)).state === "AUTH" && days >= 90).toBe(false);
        }
      }),
    );
  });
});
