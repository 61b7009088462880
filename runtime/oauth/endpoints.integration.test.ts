import { randomUUID, webcrypto } from "node:crypto";
import * as oauth from "oauth4webapi";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ShardJwk } from "../../crds/shard.ts";
import { REVOKED_CHANNEL } from "../service/consent-snapshot.ts";
import {
  authorised,
  customerAt,
  type FapiClient,
  fapiClient,
  requestFor,
  toDecision,
} from "./testing/fapi-client.ts";
import { HOSTS } from "./testing/hosts.ts";
import type { TestPartner } from "./testing/partner.ts";
import type { TestStack } from "./testing/stack.ts";
import { startTestbed, type Testbed } from "./testing/testbed.ts";

// Named as in refusals.integration.test.ts: clauses of FAPI 2.0 Security Profile, section 5.3.2 unless another is given.

let bed: Testbed;
let stack: TestStack;
let acme: TestPartner;
let client: FapiClient;

beforeAll(async () => {
  bed = await startTestbed();
  ({ stack, acme, client } = bed);
});
afterAll(() => bed?.close());

const staged = (clientId = acme.clientId): string => stack.neighbours.stage({ clientId });

describe("a token request", () => {
  test.each([
    "password",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
  ])("2.1-2 by the grant %s is refused", async (grant) => {
    const login = { username: "wanjiku", password: "demo", scope: "accounts" };
    const { as, options } = client;
    const answer = await oauth.genericTokenEndpointRequest(
      as,
      client.client,
      client.auth(),
      grant,
      login,
      options,
    );
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "unsupported_grant_type" });
  });

  test("2.1-3 of a client that only says its name is refused", async () => {
    const answer = await client.fetch(`https://${HOSTS.mtlsAuth}/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `grant_type=client_credentials&scope=accounts&client_id=${acme.clientId}`,
    });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: "invalid_client" });
  });

  test("RFC 6749 5.1 and 5.2 its answer is kept by nobody on the way, be it a token or a refusal", async () => {
    const ask = (scope: string) =>
      oauth.clientCredentialsGrantRequest(client.as, client.client, client.auth(), { scope }, client.options);
    for (const [scope, status] of [
      ["accounts", 200],
      ["none", 400],
    ] as const) {
      const answer = await ask(scope);
      expect([scope, answer.status, answer.headers.get("cache-control")]).toEqual([
        scope,
        status,
        "no-store",
      ]);
    }
  });
});

describe("a client's key", () => {
  const kinds = {
    PS256: {
      name: "RSA-PSS",
      modulusLength: 2_048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    EdDSA: { name: "Ed25519" },
  };

  test.each(["PS256", "EdDSA"] as const)("5.4.1 that signs with %s is accepted", async (alg) => {
    const { publicKey, privateKey } = (await webcrypto.subtle.generateKey(kinds[alg], true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const { key_ops: _ops, ext: _ext, ...jwk } = await webcrypto.subtle.exportKey("jwk", publicKey);
    const key = { ...jwk, kid: "sig-1", alg, use: "sig" } as ShardJwk;
    const partner = await stack.addPartner({ jwks: { keys: [key] } });
    const other = await fapiClient(stack, { ...partner, signingKey: privateKey });
    const { parameters } = await requestFor(partner, staged(partner.clientId));
    // The library says Ed25519, as RFC 9864 has it; FAPI's word for the same is EdDSA.
    const assertion = (header: Record<string, unknown>): void => void (header["alg"] = alg);
    expect(await other.rawPush(parameters, { assertion })).toMatchObject({ status: 201 });
    await other.close();
  });
});

describe("a pushed request", () => {
  test("2.2-12 is good for a minute", async () => {
    const { parameters } = await requestFor(acme, staged());
    expect(await client.rawPush(parameters)).toMatchObject({ status: 201, body: { expires_in: 60 } });
  });

  test("RFC 6749 3.1 with authorization_details is taken as if it had none", async () => {
    const { parameters } = await requestFor(acme, staged());
    const details = JSON.stringify([{ type: "payment_initiation", instructedAmount: { amount: "1" } }]);
    expect(await client.rawPush({ ...parameters, authorization_details: details })).toMatchObject({
      status: 201,
    });
  });

  test("2.2-9 ends in one code, however many browsers opened it", async () => {
    const { url } = await client.push(staged());
    const customers = [await customerAt(stack), await customerAt(stack)];
    const pages = [];
    for (const customer of customers) pages.push(await toDecision(customer, client, url));
    const codes: boolean[] = [];
    for (const [n, customer] of customers.entries()) {
      const page = pages[n];
      if (page === undefined) throw new Error("There is a page for each.");
      const decision = { decision: "approve", account: "acc-1" };
      codes.push((await customer.submit(page, "/decision", decision)).url.searchParams.has("code"));
      await customer.close();
    }
    expect(codes).toEqual([true, false]);
  });
});

describe("the browser's way back", () => {
  test("2.2-7 2.2-11 is a 303 that says who answers, with a code or without", async () => {
    for (const decision of ["approve", "deny"]) {
      const customer = await customerAt(stack);
      const page = await toDecision(customer, client, (await client.push(staged())).url);
      const back = await customer.submit(page, "/decision", { decision, account: "acc-1" });
      expect(back.status).toBe(303);
      expect(back.url.searchParams.get("iss")).toBe(`https://${HOSTS.auth}`);
      expect(back.url.searchParams.has("code")).toBe(decision === "approve");
      await customer.close();
    }
  });

  test.each([
    { what: "another's", redirect_uri: "https://evil.example/" },
    { what: "one beneath the registered one", redirect_uri: "https://acme.example/callback/../evil" },
  ])("2.1-7 never leads to an address that is $what", async ({ redirect_uri }) => {
    const { parameters } = await requestFor(acme, staged());
    const query = new URLSearchParams({ ...parameters, redirect_uri });
    const customer = await customerAt(stack);
    const page = await customer.open(`https://${HOSTS.auth}/auth?${query.toString()}`);
    expect(page.url.host).toBe(HOSTS.auth);
    expect(page.status).toBe(400);
    await customer.close();
  });
});

test("5.4.1 codes, refresh tokens and names of requests are long, random, and never the same", async () => {
  const secrets: string[] = [];
  for (const _time of [1, 2]) {
    const { callback, verifier } = await authorised(stack, client, staged());
    const { body } = await client.rawPush((await requestFor(acme, staged())).parameters);
    const { refresh_token: token = "" } = await client.exchange(callback, verifier);
    secrets.push(
      callback.searchParams.get("code") ?? "",
      token,
      String(body["request_uri"]).split(":").at(-1) ?? "",
    );
  }
  expect(new Set(secrets).size).toBe(6);
  // 128 bits are 22 letters of base64url.
  for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{22,}$/);
});

test("5.4.2 published keys are public, each with a name of its own, and lead nowhere", async () => {
  const answer = await client.fetch(`https://${HOSTS.auth}/jwks`);
  const { keys } = (await answer.json()) as { readonly keys: readonly Record<string, unknown>[] };
  expect(keys).not.toHaveLength(0);
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  for (const key of keys) {
    expect(key).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" });
    for (const name of ["d", "x5u", "jku", "x5c"]) expect(key).not.toHaveProperty(name);
  }
});

describe("a revocation", () => {
  const revoke = (token: string, by: FapiClient) =>
    oauth.revocationRequest(by.as, by.client, by.auth(), token, by.options);
  const tokens = async () => {
    const { callback, verifier } = await authorised(stack, client, staged());
    return await client.exchange(callback, verifier);
  };

  test("RFC 7009 2.1 ends a refresh token", async () => {
    const { refresh_token: token = "" } = await tokens();
    expect((await revoke(token, client)).status).toBe(200);
    expect(await client.rawRefresh(token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("RFC 7009 2.1 of a refresh token, and a code used twice, tell gateways at once which grant has ended", async () => {
    const heard: string[] = [];
    const hearing = stack.redis.duplicate();
    await hearing.subscribe(REVOKED_CHANNEL);
    hearing.on("message", (_channel, message: string) => heard.push(message));
    const { cursor } = await stack.oauth.grants.endedGrants(undefined);
    const first = await tokens();
    const { callback, verifier } = await authorised(stack, client, staged());
    const second = await client.exchange(callback, verifier);
    expect((await stack.oauth.grants.endedGrants(cursor)).grants).toEqual([]);

    await revoke(first.refresh_token ?? "", client);
    expect((await client.rawExchange(callback, verifier)).status).toBe(400);
    const ended = [first, second].map(({ access_token: token }) => decodeJwt(token)["grant_id"]);
    expect(ended).toEqual([expect.any(String), expect.any(String)]);
    expect((await stack.oauth.grants.endedGrants(cursor)).grants).toEqual(ended);
    await expect.poll(() => heard).toEqual(ended.map((grant) => JSON.stringify({ grant })));
    hearing.disconnect();
  });

  test("RFC 7009 2.1 of another client's token is answered as that of none, and ends nothing", async () => {
    const { refresh_token: token = "" } = await tokens();
    const other = await fapiClient(stack, await stack.addPartner());
    expect((await revoke(token, other)).status).toBe(200);
    expect((await revoke("x".repeat(43), other)).status).toBe(200);
    expect((await client.rawRefresh(token)).status).toBe(200);
    await other.close();
  });

  test("RFC 7009 2.2.1 of an access token is refused as what is not done here", async () => {
    const answer = await revoke((await tokens()).access_token, client);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "unsupported_token_type" });
  });
});

test("FAPI 1 6.2.1-11 an exchange keeps the id it was given, and gets one when that is none", async () => {
  const id = randomUUID();
  const asked = async (path: string, sent: string) => {
    const answer = await client.fetch(`https://${HOSTS.mtlsAuth}${path}`, {
      headers: { "x-fapi-interaction-id": sent },
    });
    return answer.headers.get("x-fapi-interaction-id");
  };
  expect([await asked("/jwks", id), await asked("/nowhere", id)]).toEqual([id, id]);
  expect(await asked("/jwks", "none")).toMatch(/^[0-9a-f-]{36}$/);
});
