import { generateKeyPairSync, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { embeddedKey } from "../../key-store/embedded.ts";
import { signatureFault, signMessage } from "../service/jws-signature.ts";
import { testAuthority } from "../service/testing/authority.ts";
import { ACME } from "../service/testing/signed.ts";
import { HOST, heldConsent, BETA, startStack, type TestStack } from "./testing/stack.ts";
import { ISSUER, testIssuer } from "./testing/tokens.ts";

let stack: TestStack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.stop());

const AISP = "/open-banking/v4.0/aisp";
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const balances = (token: string) => ({ path: `${AISP}/balances`, headers: bearer(token) });

test("SEC-34: a call that is in order reaches its service with the context the gateway made, not with what it claims", async () => {
  const interactionId = randomUUID();
  const forged = { "wekeza-context": "forged", "x-forwarded-for": "1.2.3.4", "client-cert": ":x:" };
  const answer = await stack.client(stack.acme).call({
    path: `${AISP}/accounts/a1/balances?page=2`,
    headers: { ...bearer(stack.token()), ...forged, "x-fapi-interaction-id": interactionId },
  });
  expect(answer.status).toBe(200);
  const { url, echo } = answer.json() as { url: string; echo: { context: unknown; headers: string[] } };
  expect(url).toBe(`${AISP}/accounts/a1/balances?page=2`);
  expect(echo.context).toEqual({
    clientId: ACME,
    partnerName: "Acme Finance",
    scope: "accounts",
    interactionId,
    customer: "customer-1",
    consentId: "c1",
    grantId: "grant-1",
    consent: { permissions: ["ReadAccountsBasic", "ReadBalances"], accounts: ["a1"], historyDays: 90 },
  });
  expect(echo.headers).not.toContain("authorization");
  expect(echo.headers).not.toContain("x-forwarded-for");
  expect(echo.headers).not.toContain("client-cert");
  expect(answer.headers["x-fapi-interaction-id"]).toBe(interactionId);
  expect(answer.headers["date"]).toBeDefined();
  expect(answer.headers["server"]).toBeUndefined();
});

test("a partner without a customer can stage a consent with its own token", async () => {
  const own = stack.token({ sub: ACME, consent_id: undefined, grant_id: undefined });
  const answer = await stack.client(stack.acme).call({
    method: "POST",
    path: `${AISP}/account-access-consents`,
    headers: { ...bearer(own), "content-type": "application/json" },
    body: JSON.stringify({ Data: { Permissions: ["ReadBalances"] } }),
  });
  expect(answer.status).toBe(201);
  expect(answer.json()).toMatchObject({ body: { Data: { Permissions: ["ReadBalances"] } } });
  expect(answer.headers["x-secret"]).toBeUndefined();
});

test("a partner asks for receipts in its own name, and is told when one that is being signed is worth asking for", async () => {
  const own = stack.token({ sub: ACME, consent_id: undefined, grant_id: undefined });
  const ask = (id: string, token: string) =>
    stack.client(stack.acme).call({ path: `/receipts/v1/${id}`, headers: bearer(token) });
  expect((await ask("c1", own)).json()).toMatchObject({ context: { clientId: ACME } });
  const awaited = await ask("awaited", own);
  expect(awaited).toMatchObject({ status: 202, body: "" });
  expect(awaited.headers["retry-after"]).toBe("1");
  expect((await ask("c1", stack.token())).status).toBe(403);
  expect((await stack.client(stack.acme).call({ path: "/receipts/v1/c1" })).status).toBe(401);
});

test("without a certificate, or with one of another authority, there is no connection", async () => {
  await expect(stack.client(undefined).call(balances(stack.token()))).rejects.toThrow(
    /alert|hang up|ECONNRESET|EPIPE/,
  );
  const foreign = await (await testAuthority("evil")).issue({ commonName: ACME });
  await expect(stack.client(foreign).call(balances(stack.token()))).rejects.toThrow(
    /alert|hang up|ECONNRESET|EPIPE/,
  );
});

test("a good certificate that is in no list gets 401 and the connection is closed", async () => {
  const unlisted = await stack.partners.issue({ commonName: ACME });
  const answer = await stack.client(unlisted).call(balances(stack.token()));
  expect(answer).toMatchObject({ status: 401, body: "" });
  expect(answer.headers["connection"]).toBe("close");
});

test("one partner's token with another's certificate is refused", async () => {
  const stolen = await stack.client(stack.beta).call(balances(stack.token()));
  expect(stolen).toMatchObject({ status: 401, body: "" });
  const rebound = stack.token({ client_id: BETA });
  expect((await stack.client(stack.beta).call(balances(rebound))).status).toBe(401);
});

test.each([
  { why: "none", headers: {}, status: 401, challenge: "Bearer" },
  { why: "an invalid one", headers: bearer("a.b.c"), status: 401, challenge: 'Bearer error="invalid_token"' },
  {
    why: "another scheme",
    headers: { authorization: "Basic eDp5" },
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  },
])("with $why as token the answer is 401 without a body", async ({ headers, status, challenge }) => {
  const answer = await stack.client(stack.acme).call({ path: `${AISP}/balances`, headers });
  expect(answer).toMatchObject({ status, body: "" });
  expect(answer.headers["www-authenticate"]).toBe(challenge);
});

test("an expired token is told apart, with a body", async () => {
  const seconds = Math.floor(Date.now() / 1000);
  const answer = await stack
    .client(stack.acme)
    .call(balances(stack.token({ iat: seconds - 700, exp: seconds - 100 })));
  expect(answer.status).toBe(401);
  expect(answer.json()).toMatchObject({ Errors: [{ ErrorCode: "U042" }] });
});

test("a token in the query is refused, though it would be good in the header", async () => {
  const answer = await stack
    .client(stack.acme)
    .call({ path: `${AISP}/balances?access_token=${stack.token()}`, headers: bearer(stack.token()) });
  expect(answer.status).toBe(400);
  expect(stack.log.join("")).not.toContain(stack.token().slice(0, 20));
});

test("who signs messages signs payments: what was signed goes on byte for byte, anything else is refused", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty = "", ...rest } = publicKey.export({ format: "jwk" });
  stack.shard({
    roles: ["AISP", "PISP"],
    securityProfile: "fapi2-message-signing",
    jwks: { keys: [{ ...rest, kty, kid: "s1" }] },
  });
  const token = stack.token({ scope: "payments", sub: ACME, consent_id: undefined, grant_id: undefined });
  const body = '{"Data": {},  "Risk": {}}';
  const signer = {
    kid: "s1",
    alg: "ES256",
    key: embeddedKey("s1", privateKey),
    issuer: ACME,
    trustAnchor: "test",
  } as const;
  const post = (signature: string | undefined) =>
    stack.client(stack.acme).call({
      method: "POST",
      path: "/open-banking/v4.0/pisp/domestic-payment-consents",
      headers: {
        ...bearer(token),
        "content-type": "application/json",
        ...(signature === undefined ? {} : { "x-jws-signature": signature }),
      },
      body,
    });
  const good = await post(await signMessage(signer, Buffer.from(body), Date.now()));
  expect(good).toMatchObject({ status: 201 });
  expect(good.json()).toMatchObject({ sent: body });
  expect((await post(undefined)).json()).toMatchObject({ Errors: [{ ErrorCode: "U019" }] });
  const other = await signMessage(signer, Buffer.from("{}"), Date.now());
  expect((await post(other)).json()).toMatchObject({ Errors: [{ ErrorCode: "U015" }] });
});

test("answers about payments are signed over the bytes that are sent, what is refused too", async () => {
  stack.shard({ roles: ["AISP", "PISP"] });
  const own = stack.token({ sub: ACME, consent_id: undefined, grant_id: undefined, scope: "payments" });
  const call = (path: string, token: string | undefined) =>
    stack.client(stack.acme).call({
      method: "POST",
      path: `${path}-consents`,
      headers: { ...bearer(token ?? stack.token()), "content-type": "application/json" },
      body: "{}",
    });
  const expected = { issuer: ISSUER, keys: [stack.messageKey], now: Date.now() };
  for (const [answer, status] of [
    [await call("/open-banking/v4.0/pisp/domestic-payment", own), 201],
    [await call("/open-banking/v4.0/pisp/domestic-payment", undefined), 403],
    [await call("/open-banking/v4.0/pisp/domestic-standing-order", own), 404],
  ] as const) {
    const signature = answer.headers["x-jws-signature"];
    expect(answer.status).toBe(status);
    expect(signature === undefined).toBe(status === 404);
    if (typeof signature !== "string") continue;
    expect(signatureFault(signature, Buffer.from(answer.body), expected)).toBeUndefined();
    expect(signatureFault(signature, Buffer.from(`${answer.body} `), expected)).toBe("SignatureInvalid");
  }
  const accounts = await call(`${AISP}/account-access`, undefined);
  expect(accounts.headers["x-jws-signature"]).toBeUndefined();
});

test("a suspended partner is refused from the call that takes the roster in, and its idle connections end", async () => {
  const client = stack.client(stack.acme);
  const token = stack.token();
  expect((await client.call(balances(token))).status).toBe(200);
  expect(client.openConnections).toBe(1);
  stack.roster({ suspended: true });
  await expect.poll(() => client.openConnections).toBe(0);
  expect((await client.call(balances(token))).status).toBe(403);
  stack.roster({ suspended: false });
  expect((await client.call(balances(token))).status).toBe(200);
});

test("a revoked certificate is refused on a connection that is open, and on a session that is resumed", async () => {
  const client = stack.client(stack.acme);
  const token = stack.token();
  await client.call(balances(token));
  client.disconnect();
  const before = await client.call(balances(token));
  expect(before).toMatchObject({ status: 200, resumed: true });
  stack.roster({ revoked: [stack.acme.thumbprint] });
  await expect.poll(() => client.openConnections).toBe(0);
  const after = await client.call(balances(token));
  expect(after).toMatchObject({ status: 401, resumed: true });
});

test("a certificate that ends while its connection is open ends there", async () => {
  const short = await stack.partners.issue({ commonName: ACME, notAfter: new Date(Date.now() + 2_000) });
  const listed = {
    name: "short",
    thumbprint: short.thumbprint,
    serial: "02",
    notAfter: "2027-01-01T00:00:00Z",
  };
  stack.shard({ certificates: [listed] });
  const client = stack.client(short);
  const token = stack.token({ cnf: { "x5t#S256": short.thumbprint } });
  expect((await client.call(balances(token))).status).toBe(200);
  await expect.poll(async () => (await client.call(balances(token))).status, { timeout: 5_000 }).toBe(401);
});

test("a consent that ended is refused at once, and is not asked for again", async () => {
  const client = stack.client(stack.acme);
  const token = stack.token();
  expect((await client.call(balances(token))).status).toBe(200);
  stack.consents.end("c1", Date.now());
  expect((await client.call(balances(token))).status).toBe(401);
  expect(stack.asked).toEqual(["c1"]);
});

test("a token of a grant that ended is refused at once, though its consent lives and has another", async () => {
  const client = stack.client(stack.acme);
  const token = stack.token();
  expect((await client.call(balances(token))).status).toBe(200);
  stack.grants.end("grant-1", Date.now());
  const refused = await client.call(balances(token));
  expect([refused.status, refused.headers["www-authenticate"]]).toEqual([
    401,
    'Bearer error="invalid_token"',
  ]);
  stack.held.set("c1", heldConsent("c1", { grantId: "grant-2" }));
  expect((await client.call(balances(stack.token({ grant_id: "grant-2" })))).status).toBe(200);
});

test("a consent is asked for once, however many calls wait for it", async () => {
  const client = stack.client(stack.acme);
  const answers = await Promise.all(Array.from({ length: 16 }, () => client.call(balances(stack.token()))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(stack.asked).toEqual(["c1"]);
});

test("while news of revocations are overdue each call asks for its consent, and is refused when there is no answer", async () => {
  const client = stack.client(stack.acme);
  await client.call(balances(stack.token()));
  stack.revocationsAgeMs = 6_000;
  stack.held.set("c1", heldConsent("c1", { status: "CANC" }));
  expect((await client.call(balances(stack.token()))).status).toBe(401);
  stack.consent.server.closeAllConnections();
  stack.consent.server.close();
  const blind = await client.call(balances(stack.token()));
  expect(blind.status).toBe(503);
  expect(blind.headers["retry-after"]).toBe("1");
});

test("a permission the customer did not give is refused with its reason", async () => {
  const answer = await stack
    .client(stack.acme)
    .call({ path: `${AISP}/transactions`, headers: bearer(stack.token()) });
  expect(answer.status).toBe(403);
  expect(answer.json()).toMatchObject({ Errors: [{ Path: "Data.Permissions" }] });
});

test("a partner over its limit gets 429 with a time to wait, others go on", async () => {
  stack.shard({ limit: { requestsPerSecond: 0.05, burst: 2, maxConcurrent: 10 } });
  const client = stack.client(stack.acme);
  const call = balances(stack.token());
  expect([(await client.call(call)).status, (await client.call(call)).status]).toEqual([200, 200]);
  const limited = await client.call(call);
  expect(limited.status).toBe(429);
  expect(Number(limited.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  const other = await stack.client(stack.beta).call({ path: `${AISP}/balances` });
  expect(other.status).toBe(401);
});

test("a service that gives no answer in time is a 504, and its place is free again", async () => {
  stack.shard({ limit: { requestsPerSecond: 1000, burst: 1000, maxConcurrent: 1 } });
  const client = stack.client(stack.acme);
  const slow = { path: `${AISP}/accounts/slow`, headers: bearer(stack.token()) };
  expect((await client.call(slow)).status).toBe(504);
  expect((await client.call(balances(stack.token()))).status).toBe(200);
});

test("a body of more than 1 MiB is refused, announced or not", async () => {
  const own = stack.token({ sub: ACME, consent_id: undefined, grant_id: undefined });
  const call = {
    method: "POST",
    path: `${AISP}/account-access-consents`,
    headers: { ...bearer(own), "content-type": "application/json" },
    body: Buffer.alloc(1_048_577, "x"),
  };
  expect((await stack.client(stack.acme).call(call)).status).toBe(413);
  const chunked = { ...call, headers: { ...call.headers, "transfer-encoding": "chunked" } };
  expect((await stack.client(stack.acme).call(chunked)).status).toBe(413);
});

test.each([
  { why: "an unknown address", call: { path: "/internal/consents/c1" }, status: 404 },
  { why: "another method", call: { path: `${AISP}/balances`, method: "PUT" }, status: 405 },
  {
    why: "an answer in HTML",
    call: { path: `${AISP}/balances`, headers: { accept: "text/html" } },
    status: 406,
  },
  {
    why: "a body in XML",
    call: {
      path: `${AISP}/account-access-consents`,
      method: "POST",
      body: "<x/>",
      headers: { "content-type": "application/xml" },
    },
    status: 415,
  },
  { why: "another host", call: { path: `${AISP}/balances`, headers: { host: "evil.example" } }, status: 421 },
])("$why is answered with $status and an interaction id", async ({ call, status }) => {
  const answer = await stack.client(stack.acme).call(call);
  expect(answer.status).toBe(status);
  expect(answer.headers["x-fapi-interaction-id"]).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  { whose: "its own", clientId: ACME, status: 200 },
  { whose: "another's", clientId: "ptn-0123456789abcdee", status: 421 },
])("under the host of $whose a partner is answered with $status", async ({ clientId, status }) => {
  const call = balances(stack.token());
  const headers = { ...call.headers, host: `${clientId}.${HOST}` };
  expect((await stack.client(stack.acme).call({ ...call, headers })).status).toBe(status);
});

test("a call of the Berlin Group is let through and refused in its own words, by the name its partner gave it", async () => {
  const id = randomUUID();
  const call = (path: string, token: string) =>
    stack.client(stack.acme).call({
      path: `/psd2/v1${path}`,
      headers: { ...bearer(token), "x-request-id": id, "consent-id": "c1", "psu-ip-address": "192.0.2.1" },
    });
  const served = await call("/accounts/a1/balances", stack.token());
  expect(served.status).toBe(200);
  expect(served.json()).toMatchObject({
    echo: { headers: expect.arrayContaining(["consent-id", "psu-ip-address", "x-request-id"]) as unknown },
  });
  const refused = await call("/accounts/a1/transactions", stack.token());
  expect(refused).toMatchObject({ status: 401, headers: { "x-request-id": id } });
  expect(refused.json()).toMatchObject({ tppMessages: [{ category: "ERROR", code: "CONSENT_INVALID" }] });
  expect((await call("/accounts", "none")).json()).toEqual({
    tppMessages: [{ category: "ERROR", code: "TOKEN_UNKNOWN" }],
  });
});

test("an interaction id that is no UUID is replaced, in the answer and in the log", async () => {
  const forged = 'x","level":"fatal';
  const answer = await stack.client(stack.acme).call({
    path: `${AISP}/balances`,
    headers: { ...bearer(stack.token()), "x-fapi-interaction-id": forged },
  });
  const id = answer.headers["x-fapi-interaction-id"];
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  await expect.poll(() => stack.log.join("")).toContain(String(id));
  expect(stack.log.join("")).not.toContain("fatal");
  for (const line of stack.log.join("").trim().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
});

test("a new signing key is found by itself, and a removed one is refused", async () => {
  const client = stack.client(stack.acme);
  const old = stack.token();
  expect((await client.call(balances(old))).status).toBe(200);
  stack.issuer = testIssuer("key-2");
  await expect
    .poll(async () => (await client.call(balances(stack.token()))).status, { timeout: 10_000, interval: 500 })
    .toBe(200);
  expect((await client.call(balances(old))).status).toBe(401);
});

test("certificates of a new partner authority are accepted without a restart, those of the old no more", async () => {
  const next = await testAuthority("partners, next");
  const renewed = await next.issue({ commonName: ACME });
  stack.shard({
    certificates: [
      { name: "next", thumbprint: renewed.thumbprint, serial: "03", notAfter: "2027-01-01T00:00:00Z" },
    ],
  });
  writeFileSync(stack.files.partnerCa, next.ca);
  const token = stack.token({ cnf: { "x5t#S256": renewed.thumbprint } });
  const status = (): Promise<number> =>
    stack
      .client(renewed)
      .call(balances(token))
      .then(
        (answer) => answer.status,
        () => 0,
      );
  await expect.poll(status, { timeout: 5_000 }).toBe(200);
  await expect(stack.client(stack.acme).call(balances(stack.token()))).rejects.toThrow(
    /alert|hang up|ECONNRESET|EPIPE/,
  );
});

test("told to drain, it ends idle connections at once and a busy one with its answer", async () => {
  const idle = stack.client(stack.acme);
  await idle.call(balances(stack.token()));
  const busy = stack.client(stack.acme);
  const slow = busy.call({ path: `${AISP}/accounts/slow`, headers: bearer(stack.token()) });
  await expect.poll(() => stack.admission.underWay).toBe(1);
  stack.connections.drain();
  await expect.poll(() => idle.openConnections).toBe(0);
  const answer = await slow;
  expect(answer.status).toBe(504);
  expect(answer.headers["connection"]).toBe("close");
});

test("what was served and refused can be counted", async () => {
  const client = stack.client(stack.acme);
  await client.call(balances(stack.token()));
  await client.call({ path: `${AISP}/balances` });
  const text = await stack.registry.metrics();
  expect(text).toContain(
    'wekeza_gateway_request_duration_seconds_count{route="aisp/balances",status="200"} 1',
  );
  expect(text).toContain('wekeza_gateway_refusals_total{refusal="TokenMissing"} 1');
});
