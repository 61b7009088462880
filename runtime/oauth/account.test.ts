import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import { aShard } from "../service/testing/signed.ts";
import { consentFault, secondsLeft } from "./account.ts";
import { claimsFault, intentOf, intentOfText, SCA_ACR } from "./intent.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const TIME = new Date(NOW).toISOString();
const consent: ConsentSnapshot = {
  id: "aac-1",
  clientId: "ptn-1",
  status: "AUTH",
  permissions: ["ReadBalances"],
  accounts: ["acc-1"],
  customer: "cus-1",
  grantId: "grant-1",
  createdAt: TIME,
  statusUpdatedAt: TIME,
  expiresAt: new Date(NOW + 60_000).toISOString(),
  policy: aShard().policy,
};
const source = { clientId: "ptn-1", customer: "cus-1", grantId: "grant-1" };

test.each<{ what: string; change: Partial<ConsentSnapshot> | undefined; fault: string | undefined }>([
  { what: "as it was authorised", change: {}, fault: undefined },
  { what: "that is not there", change: undefined, fault: "unknown" },
  { what: "of another partner", change: { clientId: "ptn-2" }, fault: "of another partner" },
  { what: "taken back", change: { status: "CANC" }, fault: "in state CANC" },
  { what: "still waiting", change: { status: "AWAU" }, fault: "in state AWAU" },
  { what: "whose time is over, whatever its state says", change: { expiresAt: TIME }, fault: "expired" },
  {
    what: "whose customer authenticated too long ago",
    change: { reauthenticateBy: TIME },
    fault: "whose customer must authenticate again",
  },
  { what: "of another customer", change: { customer: "cus-2" }, fault: "of another customer" },
  { what: "authorised anew", change: { grantId: "grant-2" }, fault: "authorised with another grant" },
])("a consent $what gives a token: $fault", ({ change, fault }) => {
  expect(consentFault(change && { ...consent, ...change }, source, NOW)).toBe(fault);
});

test("a token without a grant gets nothing of a consent without one", () => {
  const { grantId: _grant, ...without } = consent;
  expect(consentFault(without, { ...source, grantId: undefined }, NOW)).toBeUndefined();
  expect(consentFault(without, source, NOW)).toBeDefined();
});

test("what is given under a consent never outlives it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_001, max: 10 ** 12 }), (left) => {
      const ends = new Date(NOW + left).toISOString();
      const seconds = secondsLeft({ expiresAt: ends }, NOW);
      expect(secondsLeft({ expiresAt: "2999-01-01T00:00:00Z", reauthenticateBy: ends }, NOW)).toBe(seconds);
      expect(seconds * 1000).toBeLessThanOrEqual(left);
      expect(seconds).toBeGreaterThan(0);
    }),
  );
});

test("a consent without an end gives ten years at most", () => {
  expect(secondsLeft({}, NOW)).toBe(315_360_000);
});

const request = (value: unknown, more: object = {}) =>
  ({ id_token: { openbanking_intent_id: { value, essential: true }, ...more } }) as Parameters<
    typeof claimsFault
  >[0];

test.each([
  { what: "a consent", claims: request("aac-1") },
  {
    what: "a consent and our acr",
    claims: request("aac-1", { acr: { essential: true, value: SCA_ACR } }),
  },
  {
    what: "ours among acrs",
    claims: request("a", { acr: { essential: true, values: ["x", SCA_ACR] } }),
  },
  { what: "another acr if possible", claims: request("a", { acr: { value: "gold" } }) },
])("a claims request for $what can be met", ({ claims }) => {
  expect(claimsFault(claims)).toBeUndefined();
});

test.each([
  { what: "nothing", claims: undefined, fault: /must name a consent/ },
  { what: "a number", claims: request(7), fault: /must name a consent/ },
  { what: "an empty name", claims: request(""), fault: /must name a consent/ },
  { what: "a very long name", claims: request("x".repeat(129)), fault: /must name a consent/ },
  {
    what: "another acr",
    claims: request("a", { acr: { essential: true, value: "gold" } }),
    fault: /only acr/,
  },
  { what: "one customer", claims: request("a", { sub: { value: "cus-1" } }), fault: /sub/ },
])("a claims request for $what cannot be met", ({ claims, fault }) => {
  expect(claimsFault(claims)).toMatch(fault);
});

test("whatever stands in a claims parameter, reading it never throws", () => {
  fc.assert(fc.property(fc.json(), (text) => void intentOfText(text)));
  fc.assert(fc.property(fc.string(), (text) => void intentOfText(text)));
  expect(intentOfText(JSON.stringify(request("aac-1")))).toBe("aac-1");
  expect(intentOf(undefined)).toBeUndefined();
});
