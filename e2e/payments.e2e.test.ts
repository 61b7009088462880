import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Account } from "../cli/quickstart/account-api.ts";
import { signatureOf } from "../cli/quickstart/answer-signature.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../cli/quickstart/http.ts";
import { callPayments, paymentFrom } from "../cli/quickstart/payment-api.ts";
import { openSession, type Session } from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import {
  type Bank,
  enrolPartner,
  groupNamed,
  openBank,
  removePartner,
  type TestPartner,
} from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { askedPayment, type GivenPayment, givenPayment, paymentFaults } from "./support/payment.ts";
import { golden, goldenFile } from "./support/refusal.ts";
import { leave, type Visitor, visitorAt } from "./support/visitor.ts";

const CENTS = 123_456n;
const roles = { roles: ["AISP", "PISP"] } as const satisfies {
  readonly roles: TestPartner["resource"]["spec"]["roles"];
};

let bank: Bank;
let a: Visitor;
let b: { readonly partner: TestPartner; readonly session: Session };
let account: Account;
let initiation: object;
let given: GivenPayment;
let before: bigint;
let payment: string;
const exchanges: Exchange[] = [];

const ofPayments = (): readonly Exchange[] =>
  exchanges.filter(({ url }) => new URL(url).pathname.includes("/pisp/"));
const dataOf = ({ body }: Exchange) =>
  (JSON.parse(body) as { readonly Data: Readonly<Record<string, unknown>> }).Data;
const ownToken = async ({ authorization }: Session): Promise<string> =>
  (await authorization.clientToken("payments")).accessToken;

/** What is booked on the account, in cents, as the partner reads it under the customer's other consent. */
async function booked(): Promise<bigint> {
  const balances = await a.session.api.balances(a.given.tokens.accessToken, account.AccountId);
  const found = balances.find(({ Type }) => Type === "ITBD");
  if (found === undefined) throw new Error("The account has no booked balance.");
  const cents = BigInt(found.Amount.Amount.replace(".", ""));
  return found.CreditDebitIndicator === "Credit" ? cents : -cents;
}

beforeAll(async () => {
  const opened = await openBank();
  bank = { ...opened, network: { ...opened.network, onExchange: (exchange) => exchanges.push(exchange) } };
  const group = groupNamed(bank, "east-africa");
  a = await visitorAt(bank, group, await enrolPartner(bank, "payments-a", roles));
  const partner = await enrolPartner(bank, "payments-b", roles);
  b = { partner, session: await openSession(group, partner, bank.network) };
  const [first] = await a.session.api.accounts(a.given.tokens.accessToken);
  if (first === undefined) throw new Error("The demo customer has no account.");
  account = first;
  initiation = paymentFrom(account, "1234.56");
  before = await booked();
  given = await givenPayment(a.session, initiation);
});

afterAll(() =>
  inAnyCase(
    () => leave(bank, a),
    () => b?.session.close(),
    async () => b !== undefined && removePartner(bank, b.partner.name),
    () => bank?.close(),
  ),
);

test("the customer saw on the bank's page how much she pays, to whom", () => {
  const page = exchanges.find(({ body }) => body.includes("can make exactly this payment"));
  expect(page?.body).toContain(`${account.Currency} 1,234.56`);
  expect(page?.body).toContain("Kamau Stores");
});

test("the bank says that there is money enough before it is paid", async () => {
  const path = `/domestic-payment-consents/${given.consentId}/funds-confirmation`;
  const answer = await callPayments(a.session, { path, token: given.token });
  expect(answer).toMatchObject({ status: 200 });
  expect(dataOf(answer)).toMatchObject({ FundsAvailableResult: { FundsAvailable: true } });
});

test("a token for one consent does not pay by another", async () => {
  const body = { ...given.body, Data: { ConsentId: "dpc-unknown", Initiation: initiation } };
  const answer = await callPayments(a.session, { path: "/domestic-payments", token: given.token, body });
  await expect(golden(answer)).toMatchFileSnapshot(goldenFile("payment-by-other-consent"));
});

test("a payment that is sent twice under one key is made once", async () => {
  const call = { path: "/domestic-payments", token: given.token, body: given.body, key: randomUUID() };
  const first = await callPayments(a.session, call);
  expect(first).toMatchObject({ status: 201 });
  expect(dataOf(first)).toMatchObject({ Status: "ACSP" });
  payment = String(dataOf(first)["DomesticPaymentId"]);
  const again = await callPayments(a.session, call);
  expect(again).toMatchObject({ status: 201 });
  expect(dataOf(again)).toMatchObject({ DomesticPaymentId: payment, ConsentId: given.consentId });
});

test("its status comes to settled, and the account has less by exactly the amount", async () => {
  const token = await ownToken(a.session);
  const look = async (): Promise<string> => {
    const answer = await callPayments(a.session, { path: `/domestic-payments/${payment}`, token });
    expect(answer).toMatchObject({ status: 200 });
    return String(dataOf(answer)["Status"]);
  };
  const options = { timeout: 60_000, every: 200, what: "the payee's bank to have the money" };
  await until(async () => (await look()) === "ACCC", options);
  const details = await callPayments(a.session, {
    path: `/domestic-payments/${payment}/payment-details`,
    token,
  });
  expect(dataOf(details)).toMatchObject({ PaymentStatus: [{ Status: "ACCC" }] });
  expect(before - (await booked())).toBe(CENTS);
});

test("its partner gets a receipt of it that says how much was to be paid, and no other partner does", async () => {
  const ask = async ({ session }: { readonly session: Session }): Promise<Exchange> => {
    const headers = { authorization: `Bearer ${await ownToken(session)}` };
    return session.http.send(`https://${session.group.api}/receipts/v1/${payment}`, { headers });
  };
  const receipt = await until(
    async () => {
      const answer = await ask(a);
      return answer.status === 200 ? answer.body : undefined;
    },
    { timeout: 30_000, every: 500, what: "the payment to be under a checkpoint" },
  );
  const { texts } = JSON.parse(receipt) as { readonly texts: readonly { readonly text: string }[] };
  expect(texts.map(({ text }) => text).join("\n")).toContain('"Amount":"1234.56"');
  expect(await ask(b)).toMatchObject({ status: 400, body: expect.stringContaining("ReceiptUnknown") });
});

test("a consent that was used pays nothing more", async () => {
  const call = { path: "/domestic-payments", token: given.token, body: given.body };
  await expect(golden(await callPayments(a.session, call))).toMatchFileSnapshot(
    goldenFile("payment-consent-used"),
  );
  const path = `/domestic-payment-consents/${given.consentId}`;
  const consent = await callPayments(a.session, { path, token: await ownToken(a.session) });
  expect(dataOf(consent)).toMatchObject({ Status: "COND" });
  expect(before - (await booked())).toBe(CENTS);
});

describe("another partner", () => {
  test.each([
    {
      name: "payment-of-other-partner-read",
      call: async () => ({ path: `/domestic-payments/${payment}`, token: await ownToken(b.session) }),
    },
    {
      name: "payment-consent-of-other-partner-read",
      call: async () => ({
        path: `/domestic-payment-consents/${given.consentId}`,
        token: await ownToken(b.session),
      }),
    },
    {
      name: "payment-by-token-of-other-partner",
      call: async () => ({ path: "/domestic-payments", token: given.token, body: given.body }),
    },
    {
      name: "payment-without-customer",
      call: async () => ({ path: "/domestic-payments", token: await ownToken(b.session), body: given.body }),
    },
  ])("is refused: $name", async ({ name, call }) => {
    await expect(golden(await callPayments(b.session, await call()))).toMatchFileSnapshot(goldenFile(name));
  });

  test("cannot have the customer confirm A's consent", async () => {
    const pushed = await b.session.authorization.push(await askedPayment(a.session, initiation), "payments");
    const { callback } = await b.session.consent(demoCustomer(b.session.group), pushed);
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({
      error: "invalid_request",
      error_description: "no such consent",
    });
  });

  test("cannot pay by A's consent with a customer's token of its own", async () => {
    const fresh = await givenPayment(a.session, initiation);
    const own = await givenPayment(b.session, initiation);
    const call = { path: "/domestic-payments", token: own.token, body: fresh.body };
    await expect(golden(await callPayments(b.session, call))).toMatchFileSnapshot(
      goldenFile("payment-by-other-consent"),
    );
    expect(before - (await booked())).toBe(CENTS);
  });
});

test("every answer about payments is signed with a published key of the bank, what it refused too", async () => {
  const keys = await a.session.bankKeys();
  const { issuer } = a.session.authorization.server;
  const signed = ofPayments().filter(({ status, body }) => body !== "" && status !== 401);
  const refused = signed.filter(({ status }) => status >= 400);
  expect(refused.length).toBeGreaterThan(2);
  for (const answer of signed) {
    const now = Date.parse(answer.headers.get("date") ?? "");
    expect(await signatureOf(answer, { issuer, keys, now })).toMatch(/^msg-/);
  }
});

const definitionsHere = paymentFaults([]) !== undefined;
test.skipIf(!definitionsHere)(
  "every answer is as Open Banking UK 4.0 defines it (skipped without its OpenAPI definition: see obuk-definitions.ts)",
  () => {
    expect(ofPayments().length).toBeGreaterThanOrEqual(15);
    expect(paymentFaults(ofPayments())).toEqual([]);
  },
);
