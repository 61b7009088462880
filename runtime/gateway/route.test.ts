import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OBUK_DEFINITIONS, obukOperations } from "../service/testing/obuk-definitions.ts";
import { acceptsJson, answerHeaders, isTaken, namesHost, queryHasToken, upstreamHeaders } from "./headers.ts";
import { OPERATIONS } from "./operations.ts";
import { routeOf } from "./route.ts";

const base = "/open-banking/v4.0/aisp";

test.each([
  ["POST", "/account-access-consents", "aisp/account-access-consents", "consent"],
  ["DELETE", "/account-access-consents/urn-1", "aisp/account-access-consents/{id}", "consent"],
  ["GET", "/accounts", "aisp/accounts", "banking"],
  ["GET", "/accounts/22289", "aisp/accounts/{id}", "banking"],
  ["GET", "/accounts/22289/balances", "aisp/accounts/{id}/balances", "banking"],
  ["GET", "/transactions", "aisp/transactions", "banking"],
])("%s %s is the route %s of %s", (method, path, name, upstream) => {
  expect(routeOf(method, base + path)).toMatchObject({ found: true, route: { name, upstream } });
});

test.each([
  ["GET", "/events/v1/deliveries", "deliveries"],
  ["POST", "/events/v1/replays", "replays"],
])("%s %s is the route %s of events, beside the standard", (method, path, name) => {
  expect(routeOf(method, path)).toMatchObject({ found: true, route: { name, upstream: "events" } });
  expect(routeOf(method, `/open-banking/v4.0/${name}`)).toMatchObject({ found: false, why: "Unknown" });
});

test("a receipt has an address of its own, for whoever has a token of its own with any scope", () => {
  expect(routeOf("GET", "/receipts/v1/aac-1")).toMatchObject({
    found: true,
    route: { name: "receipts/{id}", upstream: "consent", grant: "client", kind: undefined },
  });
  expect(routeOf("POST", "/receipts/v1/aac-1")).toEqual({ found: false, why: "Method", allowed: ["GET"] });
  expect(routeOf("GET", "/receipts/v1/aac-1/leaves")).toEqual({ found: false, why: "Unknown" });
});

const defined = OBUK_DEFINITIONS.map(obukOperations);
const operations = defined.flatMap((each) => each ?? []);
const key = (method: string, path: string): string => `${method} ${path.replaceAll(/\{\w+\}/g, "{id}")}`;

describe.skipIf(operations.length === 0)("by the published definitions", () => {
  test("the table has every operation, and no other", () => {
    expect(OPERATIONS.map(({ method, path }) => key(method, path)).toSorted()).toEqual(
      operations.map(({ method, path }) => key(method, path)).toSorted(),
    );
  });

  // The definition of VRP speaks of the partner's own token there; its profile, of the customer's.
  const asTheProfile = new Set([
    "POST /pisp/domestic-vrps",
    "POST /pisp/domestic-vrp-consents/{id}/funds-confirmation",
  ]);

  test.each(operations)("$method $path takes the token that is defined", ({ method, path, security }) => {
    const found = OPERATIONS.find((each) => key(each.method, each.path) === key(method, path));
    const [[name, scopes] = []] = Object.entries(security[0] ?? {});
    expect(found?.scopes).toEqual(scopes);
    const want = name === "PSUOAuth2Security" || asTheProfile.has(key(method, path)) ? "consent" : "client";
    expect(found?.grant).toBe(want);
  });
});

test("whoever uses a consent says of which kind, and only what uses account access asks for permissions", () => {
  for (const { grant, kind, permissions } of OPERATIONS) {
    expect(kind !== undefined).toBe(grant === "consent");
    expect(permissions.length > 0).toBe(kind === "account-access");
  }
});

test.each([
  "/",
  "/open-banking/v3.1/aisp/accounts",
  `${base}/accounts/`,
  `${base}/accounts/..`,
  `${base}/accounts/%2e%2e%2finternal`,
  `${base}/accounts/1/balances/2`,
  `${base}/accounts//balances`,
  `${base}/../../internal/consents/1`,
  `${base}/constructor`,
  `http://api.example${base}/accounts`,
  "/internal/consents/1",
])("%s is no address of ours", (path) => {
  expect(routeOf("GET", path)).toEqual({ found: false, why: "Unknown" });
});

test("another method of a known address names those that are allowed", () => {
  expect(routeOf("PUT", `${base}/account-access-consents/1`)).toEqual({
    found: false,
    why: "Method",
    allowed: ["GET", "DELETE"],
  });
});

test("whatever the path, no route outside the table is found and nothing throws", () => {
  const listed = fc.property(fc.string(), (tail) => {
    const match = routeOf("GET", `${base}/${tail}`);
    return !match.found || /^[A-Za-z0-9._~/-]+$/.test(tail);
  });
  expect(() => fc.assert(listed)).not.toThrow();
});

test("of a partner's headers only the listed ones go on, and the context is ours", () => {
  const context = { clientId: "c", partnerName: "A", scope: "accounts", interactionId: "i" };
  const sent = upstreamHeaders(
    {
      accept: "application/json",
      authorization: "Bearer secret",
      "wekeza-context": "forged",
      "wekeza-role": "admin",
      "x-forwarded-for": "10.0.0.1",
      forwarded: "for=10.0.0.1",
      "client-cert": ":forged:",
      "x-fapi-interaction-id": "theirs",
      "x-fapi-customer-ip-address": "2001:db8::1",
    },
    context,
  );
  expect(Object.keys(sent).toSorted()).toEqual([
    "accept",
    "wekeza-context",
    "x-fapi-customer-ip-address",
    "x-fapi-interaction-id",
  ]);
  expect(sent["wekeza-context"]).not.toBe("forged");
  expect(sent["x-fapi-interaction-id"]).toBe("i");
});

test("of a service's headers only the listed ones go back", () => {
  const back = answerHeaders({ "content-type": "application/json", server: "x", "x-powered-by": "y" }, "i");
  expect(back).toEqual({
    "content-type": "application/json",
    "x-fapi-interaction-id": "i",
    "cache-control": "no-store",
  });
});

test.each([
  [undefined, true],
  ["", true],
  ["*/*", true],
  ["application/json; charset=utf-8", true],
  ["text/html, application/*;q=0.2", true],
  ["text/html", false],
  ["application/json;q=0", false],
])("an Accept of %s lets JSON through: %s", (accept, want) => {
  expect(acceptsJson(accept)).toBe(want);
});

test.each([
  ["application/json; charset=utf-8", "application/json", true],
  ["application/json-patch+json", "application/json", false],
  ["text/csv", "anything", true],
  [undefined, "application/json", false],
] as const)("a body of type %s is one where %s is due: %s", (type, takes, want) => {
  expect(isTaken(type, takes)).toBe(want);
});

test.each([
  ["access_token=x", true],
  ["a=1&ACCESS_TOKEN=x", true],
  ["access%5Ftoken=x", true],
  ["page=2&fromBookingDateTime=2026-01-01T00:00:00", false],
])("the query %s carries a token: %s", (query, want) => {
  expect(queryHasToken(query)).toBe(want);
});

test.each([
  ["api.ke.openbanking.test", true],
  ["API.ke.openbanking.test:443", true],
  ["auth.ke.openbanking.test", false],
  ["api.ke.openbanking.test.evil.example", false],
  [undefined, false],
])("a Host of %s is ours: %s", (header, want) => {
  expect(namesHost(header, "api.ke.openbanking.test")).toBe(want);
});

test.each([
  { host: "ptn-0123456789abcdef.api.ke.openbanking.test:443", caller: "ptn-0123456789abcdef", want: true },
  { host: "PTN-0123456789ABCDEF.api.ke.openbanking.test", caller: "ptn-0123456789abcdef", want: true },
  { host: "ptn-0123456789abcdef.api.ke.openbanking.test", caller: undefined, want: true },
  { host: "ptn-0123456789abcdef.api.ke.openbanking.test", caller: "ptn-0123456789abcdee", want: false },
  { host: "acme.api.ke.openbanking.test", caller: undefined, want: false },
  { host: "ptn-0123456789abcdef.api.eu.openbanking.test", caller: "ptn-0123456789abcdef", want: false },
  { host: "ptn-0123456789abcdef-api.ke.openbanking.test", caller: "ptn-0123456789abcdef", want: false },
])("a Host of $host is for $caller: $want", ({ host, caller, want }) => {
  expect(namesHost(host, "api.ke.openbanking.test", caller)).toBe(want);
});
