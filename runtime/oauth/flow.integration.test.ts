import { decodeJwt, decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorised, customerAt, type FapiClient, toDecision } from "./testing/fapi-client.ts";
import { WANJIKU } from "./testing/neighbours.ts";
import { HOSTS } from "./testing/hosts.ts";
import type { TestPartner } from "./testing/partner.ts";
import type { TestStack } from "./testing/stack.ts";
import { startTestbed, type Testbed } from "./testing/testbed.ts";

let bed: Testbed;
let stack: TestStack;
let acme: TestPartner;
let client: FapiClient;

beforeAll(async () => {
  bed = await startTestbed();
  ({ stack, acme, client } = bed);
});
afterAll(() => bed?.close());

test("a customer's consent becomes tokens that are bound to the partner's certificate and name the consent", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const { callback, verifier } = await authorised(stack, client, consent);
  expect(callback.origin + callback.pathname).toBe(acme.redirectUri);
  expect(callback.searchParams.get("iss")).toBe(`https://${HOSTS.auth}`);

  const tokens = await client.exchange(callback, verifier);
  expect(tokens).toMatchObject({ token_type: "bearer", expires_in: 600, scope: "accounts" });
  expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({
    alg: "ES256",
    typ: "at+jwt",
    kid: "as-1",
  });
  const { grantId } = stack.neighbours.consent(consent);
  expect(decodeJwt(tokens.access_token)).toMatchObject({
    iss: `https://${HOSTS.auth}`,
    aud: `https://${HOSTS.api}`,
    sub: WANJIKU.customer,
    client_id: acme.clientId,
    scope: "accounts",
    consent_id: consent,
    grant_id: grantId,
    cnf: { "x5t#S256": acme.certificate.thumbprint },
  });
  expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({
    sub: WANJIKU.customer,
    acr: "urn:openbanking:psd2:sca",
    openbanking_intent_id: consent,
    "http://openbanking.org.uk/refresh_token_expires_at": Math.floor(
      Date.parse(stack.neighbours.consent(consent).expiresAt ?? "") / 1000,
    ),
  });
  expect(stack.neighbours.authorisations.at(-1)).toMatchObject({
    id: consent,
    customer: WANJIKU.customer,
    accounts: ["acc-1"],
    sca: { method: "otp" },
  });

  const again = await client.rawRefresh(tokens.refresh_token ?? "");
  expect(again).toMatchObject({
    status: 200,
    body: { refresh_token: tokens.refresh_token, scope: "accounts" },
  });
  expect(decodeJwt(String(again.body["access_token"]))).toMatchObject({
    consent_id: consent,
    grant_id: grantId,
  });
});

test("no token outlives the customer's authentication, and after that none is given until she authenticates again", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const { callback, verifier } = await authorised(stack, client, consent);
  stack.neighbours.change(consent, { reauthenticateBy: new Date(Date.now() + 60_000).toISOString() });
  const tokens = await client.exchange(callback, verifier);
  expect(tokens.expires_in).toBeLessThanOrEqual(60);
  stack.neighbours.change(consent, { reauthenticateBy: new Date(Date.now() - 1).toISOString() });
  expect(await client.rawRefresh(tokens.refresh_token ?? "")).toMatchObject({
    status: 400,
    body: { error: "invalid_grant" },
  });
  const again = await authorised(stack, client, consent);
  stack.neighbours.change(consent, { reauthenticateBy: new Date(Date.now() + 86_400_000).toISOString() });
  expect(await client.exchange(again.callback, again.verifier)).toMatchObject({ expires_in: 600 });
  const { grantId } = stack.neighbours.consent(consent);
  const { rows } = await stack.db.query(
    "select expires_at > now() + interval '1 day' as lasts from oauth.grants where id = $1",
    [grantId],
  );
  expect(rows).toEqual([{ lasts: true }]);
});

test("a partner gets a token of its own for staging consents", async () => {
  const parameters = { scope: "accounts" };
  const response = await oauth.clientCredentialsGrantRequest(
    client.as,
    client.client,
    client.auth(),
    parameters,
    client.options,
  );
  const { access_token } = await oauth.processClientCredentialsResponse(client.as, client.client, response);
  const claims = decodeJwt(access_token);
  expect(claims).toMatchObject({ sub: acme.clientId, client_id: acme.clientId, scope: "accounts" });
  expect(claims).not.toHaveProperty("consent_id");
});

test("the pages say who asks for what, escape what others wrote, and need no script", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const customer = await customerAt(stack);
  const page = await toDecision(customer, client, (await client.push(consent)).url);
  expect(page.text).toContain("Acme Finance asks to see");
  expect(page.text).toContain("Your balances");
  expect(page.text).toContain("Travel &amp; &lt;fun&gt;");
  expect(page.text).not.toContain("<script");
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("form-action 'self' https://acme.example;");
  expect(policy).not.toContain("unsafe");
  await customer.close();
});

test("no login is remembered: after the flow the browser holds no session", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const customer = await customerAt(stack);
  const page = await toDecision(customer, client, (await client.push(consent)).url);
  const { url } = await customer.submit(page, "/decision", {
    decision: "approve",
    account: ["acc-1", "acc-2"],
  });
  expect(url.searchParams.get("code")).toBeTruthy();
  expect(customer.cookies().filter((name) => name.includes("session"))).toEqual([]);
  expect(stack.neighbours.consent(consent).accounts).toEqual(["acc-1", "acc-2"]);
  await customer.close();
});

test("a customer who does not allow it rejects the consent, and the partner hears access_denied", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const customer = await customerAt(stack);
  const page = await toDecision(customer, client, (await client.push(consent)).url);
  const { url } = await customer.submit(page, "/decision", { decision: "deny" });
  expect(url.searchParams.get("error")).toBe("access_denied");
  expect(url.searchParams.get("iss")).toBe(`https://${HOSTS.auth}`);
  expect(stack.neighbours.consent(consent).status).toBe("RJCT");
  await customer.close();
});

test("a customer who cancels before she logs in leaves the consent waiting", async () => {
  const consent = stack.neighbours.stage({ clientId: acme.clientId });
  const customer = await customerAt(stack);
  const page = await customer.open((await client.push(consent)).url);
  const { url } = await customer.submit(page, "/cancel");
  expect(url.searchParams.get("error")).toBe("access_denied");
  expect(stack.neighbours.consent(consent).status).toBe("AWAU");
  await customer.close();
});
