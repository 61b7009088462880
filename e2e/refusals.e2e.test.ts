import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AISP } from "../cli/quickstart/account-api.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { credentialsOf, givenConsent } from "../cli/quickstart/session.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { golden, goldenFile } from "./support/refusal.ts";
import { tlsRequest } from "./support/tls-request.ts";
import { leave, newVisitor, tomorrow, type Visitor } from "./support/visitor.ts";

let bank: Bank;
let group: Group;
let a: Visitor;
let b: Visitor;

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  a = await newVisitor(bank, group, "refusal-a");
  b = await newVisitor(bank, group, "refusal-b");
});

afterAll(() =>
  inAnyCase(
    () => leave(bank, a),
    () => leave(bank, b),
    () => bank?.close(),
  ),
);

describe("at the API", () => {
  test.each([
    { name: "no-token", call: () => a.session.api.call("GET", "/accounts", undefined) },
    { name: "no-such-token", call: () => a.session.api.call("GET", "/accounts", "eyJhbGciOiJub25lIn0.e30.") },
    {
      name: "token-in-query",
      call: () =>
        a.session.api.call("GET", `/accounts?access_token=${a.given.tokens.accessToken}`, undefined),
    },
    {
      name: "token-of-other-partner",
      call: () => a.session.api.call("GET", "/accounts", b.given.tokens.accessToken),
    },
    {
      name: "own-token-without-customer",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", "/accounts", accessToken);
      },
    },
    {
      name: "consent-of-other-partner-read",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", `/account-access-consents/${b.given.consentId}`, accessToken);
      },
    },
    {
      name: "consent-of-other-partner-deleted",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("DELETE", `/account-access-consents/${b.given.consentId}`, accessToken);
      },
    },
    {
      name: "consent-unknown",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", `/account-access-consents/${randomUUID()}`, accessToken);
      },
    },
    {
      name: "account-unknown",
      call: () => a.session.api.call("GET", `/accounts/${randomUUID()}/balances`, a.given.tokens.accessToken),
    },
    { name: "address-unknown", call: () => a.session.api.call("GET", "/moon", a.given.tokens.accessToken) },
    {
      name: "method-unknown",
      call: () => a.session.api.call("PUT", "/accounts", a.given.tokens.accessToken),
    },
    {
      name: "permissions-contradictory",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        const body = { Data: { Permissions: ["ReadTransactionsCredits"] }, Risk: {} };
        return a.session.api.call("POST", "/account-access-consents", accessToken, body);
      },
    },
    {
      name: "permission-outside-policy",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        const body = { Data: { Permissions: ["ReadAccountsBasic", "ReadParty"] }, Risk: {} };
        return a.session.api.call("POST", "/account-access-consents", accessToken, body);
      },
    },
  ])("$name is refused as the golden table says", async ({ name, call }) => {
    await expect(golden(await call())).toMatchFileSnapshot(goldenFile(name));
  });

  test("what the consent does not contain is refused, what it contains is read", async () => {
    const { tokens } = await givenConsent(a.session, demoCustomer(group), ["ReadAccountsBasic"], tomorrow());
    const [account] = await a.session.api.accounts(tokens.accessToken);
    const path = `/accounts/${account?.AccountId}/balances`;
    await expect(golden(await a.session.api.call("GET", path, tokens.accessToken))).toMatchFileSnapshot(
      goldenFile("permission-missing"),
    );
  });

  test("a consent that was deleted by another partner is still there", async () => {
    expect(await b.session.api.accounts(b.given.tokens.accessToken)).not.toEqual([]);
  });
});

describe("at the TLS connection", () => {
  const accounts = () => `https://${group.api}${AISP}/accounts`;
  const bearer = ({ given }: Visitor) => ({ authorization: `Bearer ${given.tokens.accessToken}` });

  test("a token without any certificate gets no further than the handshake", async () => {
    const call = tlsRequest({ url: accounts(), network: bank.network, headers: bearer(a) });
    await expect(call).rejects.toMatchObject({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
  });

  test("B's token over a session of A is refused when the session is resumed without a certificate", async () => {
    const common = { url: accounts(), network: bank.network };
    const first = await tlsRequest({ ...common, credentials: credentialsOf(a.partner), headers: bearer(a) });
    expect(first.status).toBe(200);
    const resumed = { ...common, session: first.session };
    // Resumption itself works: A's own token is served by it, so what follows is refused for the token alone.
    expect(await tlsRequest({ ...resumed, headers: bearer(a) })).toMatchObject({
      status: 200,
      resumed: true,
    });
    const stolen = await tlsRequest({ ...resumed, headers: bearer(b) });
    expect(stolen.resumed).toBe(true);
    await expect(golden(stolen)).toMatchFileSnapshot(goldenFile("token-of-other-partner-resumed"));
  });
});
