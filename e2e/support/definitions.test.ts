import { beforeAll, expect, test } from "vitest";
import type { Exchange } from "../../cli/quickstart/http.ts";
import { accountInformationJudge, definitionsMissing, type Judge } from "./definitions.ts";

const missing = definitionsMissing();
const said = missing === undefined ? "" : ` (skipped: ${missing})`;

let judge: Judge | undefined;

// Reading the definition is most of the work: half a megabyte of YAML.
beforeAll(() => {
  if (missing === undefined) judge = accountInformationJudge();
}, 60_000);

const answer = (method: string, path: string, status: number, body: unknown): Exchange => ({
  method,
  url: `https://api.test/open-banking/v4.0/aisp${path}`,
  status,
  headers: new Headers(body === "" ? {} : { "content-type": "application/json; charset=utf-8" }),
  body: body === "" ? "" : JSON.stringify(body),
});

const error = { Id: "1", Errors: [{ ErrorCode: "U011", Message: "No such account." }] };
const balance = {
  AccountId: "1",
  CreditDebitIndicator: "Credit",
  Type: "CLBD",
  DateTime: "2026-11-22T12:00:00+00:00",
  Amount: { Amount: "10.00", Currency: "KES" },
};
const balances = (entry: unknown) => ({
  Data: { Balance: [entry] },
  Links: { Self: "https://api.test/open-banking/v4.0/aisp/accounts/1/balances" },
  Meta: { TotalPages: 1 },
});

test.skipIf(missing !== undefined).each([
  { what: "a refusal with codes", of: answer("GET", "/accounts/1/balances", 400, error), is: "valid" },
  { what: "balances", of: answer("GET", "/accounts/1/balances", 200, balances(balance)), is: "valid" },
  {
    what: "balances with an amount as a number",
    of: answer(
      "GET",
      "/accounts/1/balances",
      200,
      balances({ ...balance, Amount: { Amount: 10, Currency: "KES" } }),
    ),
    is: "invalid",
  },
  { what: "a 401 without a body", of: answer("GET", "/accounts", 401, ""), is: "valid" },
  { what: "a 401 with a body", of: answer("GET", "/accounts", 401, error), is: "invalid" },
  { what: "a deleted consent", of: answer("DELETE", "/account-access-consents/1", 204, ""), is: "valid" },
  { what: "a path nobody defined", of: answer("GET", "/moon", 404, error), is: "undefined" },
])(
  `$what is $is${said}`,
  ({ of, is }) => {
    expect(judge?.(of).is).toBe(is);
  },
  60_000,
);
