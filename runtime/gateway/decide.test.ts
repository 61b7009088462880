import { expect, test } from "vitest";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import type { ListedPartner } from "../service/shards.ts";
import { ACME, aShard } from "../service/testing/signed.ts";
import type { VerifiedToken } from "./access-token.ts";
import {
  refuseBearer,
  refuseCaller,
  refuseConsented,
  type Bearer,
  type Caller,
  type Consented,
} from "./decide.ts";
import { refusalAnswer, REFUSALS, refusalTable } from "./refusal.ts";
import { routeOf, type Route } from "./route.ts";

const now = Date.parse("2026-11-22T10:00:00Z");
const thumbprint = "t".repeat(43);
const partner: ListedPartner = { clientId: ACME, shard: aShard(), suspended: false, certificates: new Map() };
const found = (method: string, path: string): Route => {
  const match = routeOf(method, `/open-banking/v4.0/aisp${path}`);
  if (!match.found) throw new Error(`${method} ${path} is no route`);
  return match.route;
};
const balances = found("GET", "/balances");
const consents = found("POST", "/account-access-consents");

const caller: Caller = {
  now,
  ready: true,
  hostServed: true,
  tokenInQuery: false,
  certificateEnds: now + 1,
  partner,
  match: { found: true, route: balances },
  accepted: true,
  bodyTaken: true,
};
const token: VerifiedToken = {
  clientId: ACME,
  scope: "openid accounts",
  scopes: new Set(["openid", "accounts"]),
  thumbprint,
  expires: now + 1,
  customer: "customer-1",
  consentId: "consent-1",
  grantId: "grant-1",
};
const ownToken: VerifiedToken = { ...token, customer: undefined, consentId: undefined, grantId: undefined };
const bearer: Bearer = {
  now,
  partner,
  thumbprint,
  route: balances,
  token,
  grantEnded: false,
  consentEnded: false,
};
const consent: ConsentSnapshot = {
  id: "consent-1",
  clientId: ACME,
  status: "AUTH",
  permissions: ["ReadAccountsBasic", "ReadBalances"],
  accounts: ["a1"],
  customer: "customer-1",
  grantId: "grant-1",
  createdAt: "2026-11-22T09:00:00Z",
  statusUpdatedAt: "2026-11-22T09:10:00Z",
  expiresAt: "2026-11-22T10:00:01Z",
  policy: aShard().policy,
};
const consented: Consented = { now, route: balances, token, consent };

test("a call with nothing wrong passes all three lists", () => {
  expect(refuseCaller(caller)).toBeUndefined();
  expect(refuseBearer(bearer)).toBeUndefined();
  expect(refuseConsented(consented)).toBeUndefined();
});

test.each<{ why: string; facts: Partial<Caller>; want: string }>([
  { why: "no roster is in force", facts: { ready: false }, want: "NotReady" },
  { why: "another host is meant", facts: { hostServed: false }, want: "Misdirected" },
  {
    why: "the certificate ended at this moment",
    facts: { certificateEnds: now },
    want: "CertificateExpired",
  },
  {
    why: "the certificate is revoked or nobody's",
    facts: { partner: undefined },
    want: "CertificateUnknown",
  },
  {
    why: "the partner is suspended",
    facts: { partner: { ...partner, suspended: true } },
    want: "PartnerSuspended",
  },
  { why: "the token stands in the query", facts: { tokenInQuery: true }, want: "TokenInQuery" },
  {
    why: "there is no such address",
    facts: { match: { found: false, why: "Unknown" } },
    want: "RouteUnknown",
  },
  {
    why: "the method is another",
    facts: { match: { found: false, why: "Method" } },
    want: "MethodNotAllowed",
  },
  { why: "JSON is not wanted", facts: { accepted: false }, want: "NotAcceptable" },
  { why: "the body is no JSON", facts: { bodyTaken: false }, want: "UnsupportedMediaType" },
])("a caller is refused when $why", ({ facts, want }) => {
  expect(refuseCaller({ ...caller, ...facts })).toBe(want);
});

test.each<{ why: string; facts: Partial<Bearer>; want: string }>([
  { why: "there is none", facts: { token: "Missing" }, want: "TokenMissing" },
  { why: "it is not valid", facts: { token: "Invalid" }, want: "TokenInvalid" },
  {
    why: "it is another client's",
    facts: { token: { ...token, clientId: "ptn-b" } },
    want: "TokenOfOtherClient",
  },
  { why: "it is bound to another certificate", facts: { thumbprint: "u" }, want: "TokenOfOtherCertificate" },
  { why: "it ended at this moment", facts: { token: { ...token, expires: now } }, want: "TokenExpired" },
  { why: "its grant has ended", facts: { grantEnded: true }, want: "GrantEnded" },
  { why: "its consent has ended", facts: { consentEnded: true }, want: "ConsentEnded" },
  {
    why: "the partner lacks the role",
    facts: { partner: { ...partner, shard: aShard({ roles: ["PISP"] }) } },
    want: "RoleMissing",
  },
  {
    why: "it lacks the scope",
    facts: { token: { ...token, scopes: new Set(["accountsx"]) } },
    want: "ScopeMissing",
  },
  {
    why: "it is a customer's where the partner's is due",
    facts: { route: consents },
    want: "ClientTokenNeeded",
  },
  {
    why: "it is the partner's where a customer's is due",
    facts: { token: ownToken },
    want: "CustomerTokenNeeded",
  },
])("a token is refused when $why", ({ facts, want }) => {
  expect(refuseBearer({ ...bearer, ...facts })).toBe(want);
});

test.each<{ why: string; consent: Partial<ConsentSnapshot>; want: string }>([
  { why: "it is another partner's", consent: { clientId: "ptn-b" }, want: "ConsentOfOtherClient" },
  { why: "it is for a payment", consent: { kind: "domestic-payment" }, want: "ConsentOfOtherKind" },
  { why: "it awaits authorisation", consent: { status: "AWAU" }, want: "ConsentNotAuthorised" },
  { why: "it was withdrawn", consent: { status: "CANC" }, want: "ConsentEnded" },
  { why: "it was rejected", consent: { status: "RJCT" }, want: "ConsentEnded" },
  { why: "it expired", consent: { status: "EXPD" }, want: "ConsentEnded" },
  {
    why: "its time is over at this moment",
    consent: { expiresAt: "2026-11-22T10:00:00Z" },
    want: "ConsentEnded",
  },
  { why: "it was authorised again since", consent: { grantId: "grant-2" }, want: "ConsentEnded" },
  { why: "it is another customer's", consent: { customer: "customer-2" }, want: "ConsentOfOtherClient" },
  {
    why: "it lacks the permission",
    consent: { permissions: ["ReadAccountsBasic"] },
    want: "PermissionMissing",
  },
])("a consent does not carry a call when $why", ({ consent: fields, want }) => {
  expect(refuseConsented({ ...consented, consent: { ...consent, ...fields } })).toBe(want);
});

test("a payment's consent carries the payment without any permission", () => {
  const match = routeOf("POST", "/open-banking/v4.0/pisp/domestic-payments");
  const route = match.found ? match.route : balances;
  const paying: ConsentSnapshot = { ...consent, kind: "domestic-payment", permissions: [] };
  expect(refuseConsented({ ...consented, route, consent: paying })).toBeUndefined();
});

test("a consent that does not exist carries no call", () => {
  expect(refuseConsented({ ...consented, consent: undefined })).toBe("ConsentUnknown");
});

test("with everything wrong at once the first check of the list speaks, so nothing later leaks", () => {
  const stranger: Caller = {
    ...caller,
    partner: undefined,
    tokenInQuery: true,
    match: { found: false, why: "Unknown" },
  };
  expect(refuseCaller(stranger)).toBe("CertificateUnknown");
  const thief: Bearer = { ...bearer, thumbprint: "u", consentEnded: true, token: { ...token, expires: 0 } };
  expect(refuseBearer(thief)).toBe("TokenOfOtherCertificate");
});

test("every refusal has its exact status, words and challenge", async () => {
  await expect(`${JSON.stringify(refusalTable(), undefined, 2)}\n`).toMatchFileSnapshot(
    "golden/refusals.json",
  );
});

test("an answer without body has none, and one with body is an OBUK error under the interaction id", () => {
  const details = { interactionId: "7d7b2b1e-6f9c-4f5a-9a0e-0d2f1a2b3c4d" };
  expect(refusalAnswer("TokenMissing", details)).toMatchObject({ status: 401, body: undefined });
  const limited = refusalAnswer("RateLimited", { ...details, retryAfter: 3 });
  expect(limited.headers["retry-after"]).toBe("3");
  expect(JSON.parse(limited.body ?? "")).toMatchObject({
    Id: details.interactionId,
    Errors: [{ ErrorCode: "U042" }],
  });
});

test("no refusal says anything that another would not say to the same partner about a secret", () => {
  for (const refusal of REFUSALS) {
    const { body = "" } = refusalAnswer(refusal, { interactionId: "i" });
    expect(body).not.toMatch(/at .*\.ts|stack|postgres|redis|kube/i);
  }
});
