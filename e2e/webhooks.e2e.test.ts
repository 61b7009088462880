import { randomUUID } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../cli/quickstart/http.ts";
import { callPayments, paymentFrom } from "../cli/quickstart/payment-api.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { WANTED_PERMISSIONS } from "../cli/quickstart/partner-resource.ts";
import { givenConsent, openSession, type Session } from "../cli/quickstart/session.ts";
import { regions } from "../crds/resources.ts";
import { instanceOf, planOf } from "../local/address-plan.ts";
import { until } from "../local/wait.ts";
import { type Received, type Receiver, startReceiver } from "../runtime/events/testing/receiver.ts";
import { testAuthority } from "../runtime/service/testing/authority.ts";
import {
  type Bank,
  changePartner,
  enrolPartner,
  groupNamed,
  openBank,
  removePartner,
  type TestPartner,
} from "./support/bank.ts";
import { query } from "./support/database.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { openOwnPages } from "./support/own-pages.ts";
import { givenPayment } from "./support/payment.ts";
import { stackOf } from "./support/stack.ts";
import { tomorrow } from "./support/visitor.ts";

const API = "/open-banking/v4.0";
const NEWS = { timeout: 60_000, every: 100 };

let bank: Bank;
let group: Group;
let partner: TestPartner;
let session: Session;
let keys: JSONWebKeySet;
let ledger: Receiver;
let moved: Receiver;
/** What the receivers accepted. */
const taken: Received[] = [];
let refuse: (message: Received) => boolean = () => false;

/** A call of the partner at the events API, with a token of its own. */
async function call(method: string, path: string, body?: object): Promise<Exchange> {
  const { accessToken } = await session.authorization.clientToken();
  return session.http.send(`https://${group.api}${API}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${accessToken}`,
      "x-fapi-interaction-id": randomUUID(),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** Ids of all news of the partner, as a poll has them: no webhook's answer ends them there. */
async function polled(): Promise<readonly string[]> {
  const answer = await call("POST", "/events", { returnImmediately: true });
  expect(answer).toMatchObject({ status: 200 });
  return Object.keys((JSON.parse(answer.body) as { readonly sets: object }).sets).toSorted();
}

/** Declares the partner's webhook, and waits until its stack knows. */
async function declare(url: string): Promise<void> {
  await changePartner(bank, partner.name, { webhooks: [{ name: "ledger", url }] });
  await until(
    async () => {
      const sql = `select callback_url from events.webhook where client = '${partner.clientId}' and not ended`;
      return (await query(bank, stackOf(group), sql)).flat().includes(url) || undefined;
    },
    { timeout: 60_000, every: 500, what: "the declared webhook to be known" },
  );
}

const about = (subject: string) => (message: Received) => message.claims.sub.includes(subject);
const idsOf = (messages: readonly Received[]) => messages.map(({ claims }) => claims.jti);
/** Each as it came first: what was taken may be sent again when its answer was too slow. */
const onlyOnce = (messages: readonly Received[]) =>
  messages.filter(({ claims }, n) => idsOf(messages).indexOf(claims.jti) === n);
const consented = () => givenConsent(session, demoCustomer(group), WANTED_PERMISSIONS, tomorrow());

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  const { host } = planOf(instanceOf(process.env));
  const authority = await testAuthority("a partner's own CA");
  [ledger, moved] = await Promise.all([startReceiver(authority, host), startReceiver(authority, host)]);
  for (const receiver of [ledger, moved]) {
    receiver.behave((message) => {
      if (refuse(message)) return 503;
      taken.push(message);
      return 202;
    });
  }
  const webhooks = { privateHosts: [host], trust: authority.ca };
  await bank.clients.hub.patch(regions, { name: stackOf(group).region }, { merge: { spec: { webhooks } } });
  partner = await enrolPartner(bank, "webhooks", { roles: ["AISP", "PISP"] });
  session = await openSession(group, partner, bank.network);
  keys = await session.bankKeys();
  // Until the service runs with the Region's new setting, a private address is refused: to a subscription at once.
  const data = { Data: { Version: "4.0", CallbackUrl: ledger.url } };
  const subscribed = await until(
    async () => {
      const answer = await call("POST", "/event-subscriptions", data);
      return answer.status === 201 ? answer.body : undefined;
    },
    { timeout: 120_000, every: 1_000, what: "the Region's private receiver to be allowed" },
  );
  const { Data } = JSON.parse(subscribed) as { readonly Data: { readonly EventSubscriptionId: string } };
  expect((await call("DELETE", `/event-subscriptions/${Data.EventSubscriptionId}`)).status).toBe(204);
  await declare(ledger.url);
});

afterAll(() =>
  inAnyCase(
    () => session?.close(),
    async () => partner !== undefined && removePartner(bank, partner.name),
    () =>
      bank?.clients.hub.patch(
        regions,
        { name: stackOf(group).region },
        { merge: { spec: { webhooks: null } } },
      ),
    () => ledger?.stop(),
    () => moved?.stop(),
    () => bank?.close(),
  ),
);

test("a declared webhook is sent what happens to a consent and a payment, and what it refuses for a while once more, in order", async () => {
  refuse = about("/aisp/");
  const given = await consented();
  const [account] = await session.api.accounts(given.tokens.accessToken);
  if (account === undefined) throw new Error("The demo customer has no account.");
  const paid = await givenPayment(session, paymentFrom(account, "12.34"));
  const payment = { path: "/domestic-payments", token: paid.token, body: paid.body, key: randomUUID() };
  expect(await callPayments(session, payment)).toMatchObject({ status: 201 });
  const pages = await openOwnPages(bank, { partner, session, given }, demoCustomer(group));
  await pages.press(/^take this back/i, given.consentId);
  await pages.close();

  // A payment's news does not wait for a consent's.
  const settled = () => taken.find(about("/pisp/domestic-payments/"));
  const settling = await until(async () => settled(), { ...NEWS, what: "the payment's news" });
  const ofConsent = () => ledger.received.filter(about(given.consentId));
  await until(async () => ofConsent().length > 0 || undefined, { ...NEWS, what: "the consent's news" });
  // What was withdrawn is not told before what was authorised has been taken.
  expect(new Set(idsOf(ofConsent())).size).toBe(1);
  refuse = () => false;
  const told = await until(
    async () => {
      const both = onlyOnce(taken.filter(about(given.consentId)));
      return both.length > 1 ? both : undefined;
    },
    { ...NEWS, what: "the consent's news to be taken" },
  );
  const [first, second] = idsOf(told);
  const order = idsOf(ofConsent());
  expect(order.slice(0, order.indexOf(second ?? ""))).toEqual(
    order.slice(0, order.indexOf(second ?? "")).map(() => first),
  );
  expect(order.filter((jti) => jti === first).length).toBeGreaterThan(1);
  expect(told.map(({ claims }) => Object.keys(claims.events)[0])).toEqual([
    "urn:uk:org:openbanking:events:resource-update",
    "urn:uk:org:openbanking:events:consent-authorization-revoked",
  ]);

  for (const { token, claims } of [...told, settling]) {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: `https://${group.auth}`,
      audience: partner.clientId,
      typ: "secevent+jwt",
    });
    expect(payload).toMatchObject({ jti: claims.jti, sub: claims.sub });
  }
  // Nothing is lost: what a poll has, which no webhook's answer ends, has been taken under the same ids.
  await until(
    async () => {
      const all = [...new Set(idsOf(taken))].toSorted();
      return JSON.stringify(all) === JSON.stringify(await polled()) || undefined;
    },
    { ...NEWS, every: 1_000, what: "the webhook to have all that a poll has" },
  );
});

test("a sandbox sends what comes next to another address as soon as the resource names it, and nothing to the former", async () => {
  await declare(moved.url);
  const before = ledger.received.length;
  const { consentId } = await consented();
  await until(async () => moved.received.find(about(consentId)), {
    ...NEWS,
    what: "news at the new address",
  });
  expect(ledger.received).toHaveLength(before);
});
