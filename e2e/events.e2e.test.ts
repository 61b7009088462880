import { randomUUID } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../cli/quickstart/http.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { regions } from "../crds/resources.ts";
import { instanceOf, planOf } from "../local/address-plan.ts";
import { until } from "../local/wait.ts";
import { type Received, type Receiver, startReceiver } from "../runtime/events/testing/receiver.ts";
import { testAuthority } from "../runtime/service/testing/authority.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { openOwnPages } from "./support/own-pages.ts";
import { stackOf } from "./support/stack.ts";
import { leave, newVisitor, type Visitor } from "./support/visitor.ts";

const API = "/open-banking/v4.0";
const REVOKED = "urn:uk:org:openbanking:events:consent-authorization-revoked";

let bank: Bank;
let group: Group;
let visitor: Visitor;
let receiver: Receiver;
let keys: JSONWebKeySet;
let token: string;

/** A call of the partner with a token of its own. */
async function call(method: string, path: string, body?: object): Promise<Exchange> {
  return visitor.session.http.send(`https://${group.api}${API}${path}`, {
    method,
    headers: {
      accept: "application/json",
      authorization: `Bearer ${token}`,
      "x-fapi-interaction-id": randomUUID(),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

const verified = async (set: string) =>
  (
    await jwtVerify(set, createLocalJWKSet(keys), {
      issuer: `https://${group.auth}`,
      audience: visitor.partner.clientId,
      typ: "secevent+jwt",
    })
  ).payload;

async function poll(request: object): Promise<Readonly<Record<string, string>>> {
  const answer = await call("POST", "/events", request);
  expect(answer).toMatchObject({ status: 200 });
  return (JSON.parse(answer.body) as { readonly sets: Readonly<Record<string, string>> }).sets;
}

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  const { host } = planOf(instanceOf(process.env));
  const authority = await testAuthority("a partner's own CA");
  receiver = await startReceiver(authority, host);
  const webhooks = { privateHosts: [host], trust: authority.ca };
  await bank.clients.hub.patch(regions, { name: stackOf(group).region }, { merge: { spec: { webhooks } } });
  visitor = await newVisitor(bank, group, "events");
  token = (await visitor.session.authorization.clientToken()).accessToken;
  const set = await visitor.session.http.send(`https://${group.auth}/jwks`);
  keys = JSON.parse(set.body) as JSONWebKeySet;
});
afterAll(() =>
  inAnyCase(
    () => leave(bank, visitor),
    () =>
      bank?.clients.hub.patch(
        regions,
        { name: stackOf(group).region },
        { merge: { spec: { webhooks: null } } },
      ),
    () => receiver?.stop(),
    () => bank?.close(),
  ),
);

test("a consent that its customer authorised is news to a partner that polls, signed with a published key", async () => {
  const sets = await poll({});
  const [jti = "", set = ""] = Object.entries(sets)[0] ?? [];
  const claims = await verified(set);
  expect(claims).toMatchObject({
    jti,
    sub: `https://${group.api}${API}/aisp/account-access-consents/${visitor.given.consentId}`,
    events: { "urn:uk:org:openbanking:events:resource-update": {} },
  });
  expect(await poll({ ack: [jti], returnImmediately: true })).toEqual({});
});

test("a consent that its customer withdrew reaches the partner's webhook, and need not be polled", async () => {
  const data = { Data: { Version: "4.0", CallbackUrl: receiver.url } };
  // Until the service runs with the Region's new setting, a private address is refused.
  await until(async () => (await call("POST", "/event-subscriptions", data)).status === 201, {
    timeout: 120_000,
    every: 1_000,
    what: "the Region's private receiver to be allowed",
  });
  const subject = visitor.given.consentId;
  const pages = await openOwnPages(bank, visitor, demoCustomer(group));
  await pages.press(/^take this back/i, subject);
  await pages.close();
  const isRevocation = ({ claims }: Received): boolean => REVOKED in claims.events;
  const received = await until(async () => receiver.received.find(isRevocation), {
    timeout: 30_000,
    every: 50,
    what: "the webhook to be called",
  });
  expect(await verified(received.token)).toMatchObject({ sub: expect.stringContaining(subject) });
  await until(async () => Object.keys(await poll({ returnImmediately: true })).length === 0, {
    timeout: 10_000,
    what: "nothing to be left to poll",
  });
});
