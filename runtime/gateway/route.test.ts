import fc from "fast-check";
import { expect, test } from "vitest";
import { acceptsJson, answerHeaders, namesHost, queryHasToken, upstreamHeaders } from "./headers.ts";
import { routeOf } from "./route.ts";

const base = "/open-banking/v4.0/aisp";

test.each([
  ["POST", "/account-access-consents", "consents", "consent"],
  ["GET", "/account-access-consents/urn-1", "consent", "consent"],
  ["DELETE", "/account-access-consents/urn-1", "consent", "consent"],
  ["GET", "/accounts", "accounts", "banking"],
  ["GET", "/accounts/22289", "account", "banking"],
  ["GET", "/accounts/22289/balances", "account-balances", "banking"],
  ["GET", "/accounts/22289/transactions", "account-transactions", "banking"],
  ["GET", "/balances", "balances", "banking"],
  ["GET", "/transactions", "transactions", "banking"],
])("%s %s is the route %s of %s", (method, path, name, upstream) => {
  expect(routeOf(method, base + path)).toMatchObject({ found: true, route: { name, upstream } });
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
