import { afterAll, beforeAll, expect, test } from "vitest";
import { type Authorization, discover, type Identity } from "../cli/quickstart/authorization.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import { signingKeyOf } from "../cli/quickstart/partner-keys.ts";
import { WANTED_PERMISSIONS } from "../cli/quickstart/partner-resource.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { golden, goldenFile, refusedAnswer } from "./support/refusal.ts";
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

/** Speaks to the authorization server over A's certificate as someone else says they are. */
async function overCertificateOfA(identity: Partial<Identity>): Promise<Authorization> {
  const own = { clientId: a.partner.clientId, redirectUri: a.partner.redirectUri };
  const signingKey = await signingKeyOf(a.partner.keys);
  return discover(new URL(`https://${group.auth}`), a.session.http, { ...own, signingKey, ...identity });
}

test("A's signature in B's name", async () => {
  const authorization = await overCertificateOfA({ clientId: b.partner.clientId });
  await expect(golden(await refusedAnswer(authorization.clientToken()))).toMatchFileSnapshot(
    goldenFile("client-id-of-other-partner"),
  );
});

test("B's stolen signing key over A's certificate", async () => {
  const signingKey = await signingKeyOf(b.partner.keys);
  const authorization = await overCertificateOfA({ clientId: b.partner.clientId, signingKey });
  await expect(golden(await refusedAnswer(authorization.clientToken()))).toMatchFileSnapshot(
    goldenFile("certificate-of-other-partner"),
  );
});

test("B's consent pushed by A", async () => {
  const own = await b.session.authorization.clientToken();
  const consentId = await b.session.api.createConsent(own.accessToken, WANTED_PERMISSIONS, tomorrow());
  const pushed = await a.session.authorization.push(consentId);
  const { callback } = await a.session.consent(demoCustomer(group), pushed);
  const { state: _state, ...said } = Object.fromEntries(callback.searchParams);
  expect(said).toEqual({
    error: "invalid_request",
    error_description: "no such consent",
    iss: `https://${group.auth}`,
  });
  const answer = await b.session.api.call("GET", `/account-access-consents/${consentId}`, own.accessToken);
  expect(JSON.parse(answer.body)).toMatchObject({ Data: { Status: "AWAU" } });
});

test("a code that was used", async () => {
  const own = await a.session.authorization.clientToken();
  const consentId = await a.session.api.createConsent(own.accessToken, WANTED_PERMISSIONS, tomorrow());
  const pushed = await a.session.authorization.push(consentId);
  const { callback } = await a.session.consent(demoCustomer(group), pushed);
  await a.session.authorization.exchange(callback, pushed);
  await expect(
    golden(await refusedAnswer(a.session.authorization.exchange(callback, pushed))),
  ).toMatchFileSnapshot(goldenFile("code-used"));
});
