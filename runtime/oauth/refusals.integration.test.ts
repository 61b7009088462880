import { connect } from "node:tls";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authorised, customerAt, type FapiClient, fapiClient, requestFor } from "./testing/fapi-client.ts";
import { testClient } from "./testing/network.ts";
import { HOSTS } from "./testing/hosts.ts";
import type { TestPartner } from "./testing/partner.ts";
import type { TestStack } from "./testing/stack.ts";
import { startTestbed, type Testbed } from "./testing/testbed.ts";

// Named by the clauses of FAPI 2.0 Security Profile (final, February 2025), section 5.3.2 unless another is given.

let bed: Testbed;
let stack: TestStack;
let acme: TestPartner;
let client: FapiClient;
let zuri: TestPartner;
let other: FapiClient;

beforeAll(async () => {
  bed = await startTestbed();
  ({ stack, acme, client } = bed);
  zuri = await stack.addPartner({ displayName: "Zuri", redirectUris: ["https://zuri.example/cb"] });
  other = await fapiClient(stack, zuri);
});
afterAll(async () => {
  await other?.close();
  await bed?.close();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets the clock of server and client jump, in seconds. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
}

const staged = (): string => stack.neighbours.stage({ clientId: acme.clientId });
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;
const reused = { jti: "used-before" };

describe("a client assertion", () => {
  test.each([
    { clause: "2.1-8", what: "whose aud is an array", change: (c: Claims) => (c["aud"] = [c["aud"]]) },
    {
      clause: "2.1-8",
      what: "whose aud is the token endpoint",
      change: (c: Claims) => (c["aud"] = `https://${HOSTS.auth}/token`),
    },
    {
      clause: "2.1-8",
      what: "whose aud is the PAR endpoint",
      change: (c: Claims) => (c["aud"] = `https://${HOSTS.auth}/request`),
    },
    {
      clause: "2.1-8",
      what: "whose aud is another server",
      change: (c: Claims) => (c["aud"] = "https://evil.example"),
    },
    { clause: "2.1-13", what: "issued 61 s ahead", change: (c: Claims) => (c["iat"] = nowSeconds() + 61) },
    {
      clause: "2.1-13",
      what: "valid from 61 s ahead",
      change: (c: Claims) => (c["nbf"] = nowSeconds() + 61),
    },
    { clause: "RFC 7523", what: "that has expired", change: (c: Claims) => (c["exp"] = nowSeconds() - 60) },
    {
      clause: "RFC 7523",
      what: "that lives for two hours",
      change: (c: Claims) => (c["exp"] = nowSeconds() + 7_200),
    },
    { clause: "RFC 7523", what: "without jti", change: (c: Claims) => delete c["jti"] },
    { clause: "RFC 7523", what: "of another issuer", change: (c: Claims) => (c["iss"] = zuri.clientId) },
    {
      clause: "RFC 7523",
      what: "for another client",
      change: (c: Claims) => (c["sub"] = c["iss"] = zuri.clientId),
    },
  ])("$clause $what is refused", async ({ change }) => {
    const { parameters } = await requestFor(acme, staged());
    const { client_id: _id, ...rest } = parameters;
    const answer = await client.rawPush(rest, { assertion: (_header, claims) => void change(claims) });
    expect([400, 401]).toContain(answer.status);
    expect(answer.body["request_uri"]).toBeUndefined();
  });

  test.each(["none", "RS256", "HS256", "ES384"])("5.4.1 signed with %s is refused", async (alg) => {
    const { parameters } = await requestFor(acme, staged());
    const answer = await client.rawPush(parameters, { assertion: (header) => void (header["alg"] = alg) });
    expect(answer).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  });

  test("2.1-13 issued 10 s ahead is accepted", async () => {
    const { parameters } = await requestFor(acme, staged());
    const ahead = (_header: Claims, claims: Claims): void => {
      claims["iat"] = claims["nbf"] = nowSeconds() + 10;
    };
    expect((await client.rawPush(parameters, { assertion: ahead })).status).toBe(201);
  });

  test("RFC 7523 used a second time is refused", async () => {
    const { parameters } = await requestFor(acme, staged());
    const assertion = (_header: Claims, claims: Claims): void => void (claims["jti"] = reused.jti);
    expect((await client.rawPush(parameters, { assertion })).status).toBe(201);
    expect((await client.rawPush(parameters, { assertion })).status).toBe(401);
  });

  test("RFC 8705 with another partner's certificate is refused", async () => {
    const { cert, key } = zuri.certificate;
    const http = testClient(stack.ports, { ca: stack.hostCa, cert, key });
    const { parameters } = await requestFor(acme, staged());
    const stolen = { ...acme, certificate: zuri.certificate };
    const thief = await fapiClient(stack, stolen);
    expect(await thief.rawPush(parameters)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    await Promise.all([thief.close(), http.close()]);
  });
});

describe("a pushed request", () => {
  type Parameters = Record<string, string | undefined>;
  test.each([
    { clause: "2.2-1", what: "for a token in the front channel", change: { response_type: "token" } },
    { clause: "2.2-1", what: "for code id_token", change: { response_type: "code id_token" } },
    { clause: "2.2-1", what: "for a fragment", change: { response_mode: "fragment" } },
    { clause: "2.2-5", what: "with plain PKCE", change: { code_challenge_method: "plain" } },
    {
      clause: "2.2-5",
      what: "without PKCE",
      change: { code_challenge: undefined, code_challenge_method: undefined },
    },
    { clause: "2.2-6", what: "without redirect_uri", change: { redirect_uri: undefined } },
    {
      clause: "2.2-8",
      what: "with an http redirect_uri",
      change: { redirect_uri: "http://acme.example/callback" },
    },
    {
      clause: "2.2-8",
      what: "with an unregistered redirect_uri",
      change: { redirect_uri: "https://evil.example/callback" },
    },
    {
      clause: "2.2-8",
      what: "with a longer redirect_uri",
      change: { redirect_uri: "https://acme.example/callback/x" },
    },
    {
      clause: "2.1-14",
      what: "for a scope its role does not give",
      change: { scope: "openid accounts payments" },
    },
    { clause: "2.1-14", what: "without the scope of the API", change: { scope: "openid" } },
    { clause: "OBUK", what: "that names no consent", change: { claims: undefined } },
    {
      clause: "OBUK",
      what: "for an unknown acr",
      change: {
        claims: JSON.stringify({
          id_token: { openbanking_intent_id: { value: "x" }, acr: { essential: true, value: "gold" } },
        }),
      },
    },
    { clause: "RFC 8707", what: "for another resource", change: { resource: "https://evil.example" } },
    { clause: "JAR", what: "with a request object", change: { request: "e30.e30.x" } },
    { clause: "JARM", what: "for a signed answer", change: { response_mode: "jwt" } },
    {
      clause: "RFC 9126",
      what: "with a request_uri",
      change: { request_uri: "urn:ietf:params:oauth:request_uri:x" },
    },
    { clause: "OIDC", what: "with an id_token_hint", change: { id_token_hint: "e30.e30.x" } },
  ] as readonly { clause: string; what: string; change: Parameters }[])(
    "$clause $what is refused",
    async ({ change }) => {
      const { parameters } = await requestFor(acme, staged());
      const changed = Object.entries({ ...parameters, ...change }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      const answer = await client.rawPush(Object.fromEntries(changed));
      expect(answer.status).toBe(400);
      expect(answer.body["error"]).toMatch(/^(invalid_|unsupported_|unauthorized_|request_|unmet_)/);
    },
  );

  test("2.2-4 without client authentication is refused", async () => {
    const { parameters } = await requestFor(acme, staged());
    const answer = await client.fetch(`https://${HOSTS.mtlsAuth}/request`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(parameters).toString(),
    });
    expect(answer.status).toBe(401);
  });

  test("2.2-14 a nonce of 64 and a state of 1000 characters come back", async () => {
    const state = "s".repeat(1_000);
    const { url } = await client.push(staged(), { state, nonce: "n".repeat(64) });
    const customer = await customerAt(stack);
    const { url: back } = await customer.submit(await customer.open(url), "/cancel");
    expect(back.searchParams.get("state")).toBe(state);
    await customer.close();
  });
});

describe("an authorization request", () => {
  test("2.2-3 that was not pushed is refused", async () => {
    const { parameters } = await requestFor(acme, staged());
    const customer = await customerAt(stack);
    const { url, status, text } = await customer.open(
      `https://${HOSTS.auth}/auth?${new URLSearchParams(parameters).toString()}`,
    );
    const error = url.searchParams.get("error");
    expect(error ?? text).toMatch(/invalid_request/);
    expect(url.searchParams.has("code")).toBe(false);
    expect(status).toBeGreaterThanOrEqual(300);
    await customer.close();
  });

  test("2.2-12 with a request_uri older than a minute is refused", async () => {
    const { url } = await client.push(staged());
    later(61);
    const customer = await customerAt(stack);
    const page = await customer.open(url);
    expect(page.status).toBe(400);
    expect(page.text).toContain("invalid_request_uri");
    await customer.close();
  });

  test("2.2-12 with another client's request_uri is refused", async () => {
    const { url } = await client.push(staged());
    const stolen = new URL(url);
    stolen.searchParams.set("client_id", zuri.clientId);
    const customer = await customerAt(stack);
    const page = await customer.open(stolen.href);
    expect(page.text).not.toContain("Log in");
    await customer.close();
  });

  test("5.2.3 answers no CORS, and every answer has HSTS", async () => {
    const { url } = await client.push(staged());
    const answer = await client.fetch(url, { headers: { origin: "https://evil.example" } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("strict-transport-security")).toMatch(/max-age=31536000/);
    expect(answer.status).toBe(303);
  });

  test("for a consent that is not the partner's own is told so, without saying whose it is", async () => {
    const customer = await customerAt(stack);
    for (const consent of [stack.neighbours.stage({ clientId: zuri.clientId }), "aac-unknown"]) {
      const { url } = await customer.open((await client.push(consent)).url);
      expect(url.origin).toBe("https://acme.example");
      expect(url.searchParams.get("error_description")).toBe("no such consent");
    }
    await customer.close();
  });

  test.each(["RJCT", "CANC", "EXPD"] as const)("for a consent in state %s is refused", async (status) => {
    const consent = stack.neighbours.stage({ clientId: acme.clientId, status });
    const customer = await customerAt(stack);
    const { url } = await customer.open((await client.push(consent)).url);
    expect(url.searchParams.get("error")).toBe("invalid_request");
    await customer.close();
  });
});

describe("an authorization code", () => {
  test("2.2-9 used twice is refused, and what it gave dies", async () => {
    const { callback, verifier } = await authorised(stack, client, staged());
    const { refresh_token: token = "" } = await client.exchange(callback, verifier);
    expect(await client.rawExchange(callback, verifier)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
    expect(await client.rawRefresh(token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("2.1-11 older than a minute is refused", async () => {
    const { callback, verifier } = await authorised(stack, client, staged());
    later(61);
    expect(await client.rawExchange(callback, verifier)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  test("2.2-5 with another verifier is refused", async () => {
    const { callback } = await authorised(stack, client, staged());
    const answer = await client.rawExchange(callback, "x".repeat(43));
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("with another redirect_uri is refused", async () => {
    const { callback, verifier } = await authorised(stack, client, staged());
    const answer = await client.rawExchange(callback, verifier, "https://zuri.example/cb");
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("of another client is refused", async () => {
    const { callback, verifier } = await authorised(stack, client, staged());
    expect(await other.rawExchange(callback, verifier)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  test("whose consent was taken back meanwhile is refused", async () => {
    const consent = staged();
    const { callback, verifier } = await authorised(stack, client, consent);
    stack.neighbours.change(consent, { status: "CANC" });
    expect(await client.rawExchange(callback, verifier)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });
});

describe("a refresh token", () => {
  const tokens = async (consent: string): Promise<string> => {
    const { callback, verifier } = await authorised(stack, client, consent);
    return (await client.exchange(callback, verifier)).refresh_token ?? "";
  };

  test("of another client is refused", async () => {
    expect(await other.rawRefresh(await tokens(staged()))).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  test.each(["CANC", "EXPD", "RJCT"] as const)("dies with its consent (%s), for good", async (status) => {
    const consent = staged();
    const token = await tokens(consent);
    stack.neighbours.change(consent, { status });
    expect((await client.rawRefresh(token)).status).toBe(400);
    stack.neighbours.change(consent, { status: "AUTH" });
    expect((await client.rawRefresh(token)).status).toBe(400);
  });

  test("dies when the consent is authorised again", async () => {
    const consent = staged();
    const first = await tokens(consent);
    const second = await tokens(consent);
    expect((await client.rawRefresh(first)).status).toBe(400);
    expect((await client.rawRefresh(second)).status).toBe(200);
  });

  test("2.1-9 is not rotated", async () => {
    const token = await tokens(staged());
    for (const _time of [1, 2, 3]) expect((await client.rawRefresh(token)).body["refresh_token"]).toBe(token);
  });

  test("cannot outlive its consent", async () => {
    const expiresAt = new Date(Date.now() + 120_000).toISOString();
    const token = await tokens(stack.neighbours.stage({ clientId: acme.clientId, expiresAt }));
    later(121);
    expect(await client.rawRefresh(token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("may ask for less, not for more", async () => {
    const token = await tokens(staged());
    const ask = async (scope: string) => {
      const request = { grant_type: "refresh_token", refresh_token: token, scope };
      const { genericTokenEndpointRequest } = await import("oauth4webapi");
      const { refresh_token, ...parameters } = request;
      const all = { ...parameters, refresh_token };
      return await genericTokenEndpointRequest(
        client.as,
        client.client,
        client.auth(),
        "refresh_token",
        all,
        client.options,
      );
    };
    expect((await ask("accounts")).status).toBe(200);
    expect((await ask("accounts payments")).status).toBe(400);
  });
});

describe("a connection", () => {
  const post = (http: { fetch: FapiClient["fetch"] }, host: string) =>
    http.fetch(`https://${host}/token`, { method: "POST", body: "" });

  test("to the browsers' host gets no token", async () => {
    const answer = await post(client, HOSTS.auth);
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ error: "invalid_client" }),
    ]);
  });

  test.each([
    { what: "without a certificate", tls: async () => ({}) },
    {
      what: "with a certificate of another authority",
      tls: async () => {
        const { testAuthority } = await import("../service/testing/authority.ts");
        const { cert, key } = await (await testAuthority("a stranger")).issue({ commonName: acme.clientId });
        return { cert, key };
      },
    },
    {
      what: "with an expired certificate",
      tls: async () => {
        const notBefore = new Date(Date.now() - 7_200_000);
        const notAfter = new Date(Date.now() - 3_600_000);
        const { cert, key } = await stack.partnerCa.issue({ commonName: acme.clientId, notBefore, notAfter });
        return { cert, key };
      },
    },
  ])("$what is closed", async ({ tls }) => {
    const http = testClient(stack.ports, { ca: stack.hostCa, ...(await tls()) });
    await expect(post(http, HOSTS.mtlsAuth)).rejects.toThrow("fetch failed");
    await http.close();
  });

  test("with a certificate no partner has is refused", async () => {
    const { cert, key } = await stack.partnerCa.issue({ commonName: acme.clientId });
    const http = testClient(stack.ports, { ca: stack.hostCa, cert, key });
    expect((await post(http, HOSTS.mtlsAuth)).status).toBe(401);
    await http.close();
  });

  test("open already is refused from the moment the partner is suspended or the certificate revoked", async () => {
    const partner = await stack.addPartner();
    const http = await fapiClient(stack, partner);
    const push = async () => {
      const consent = stack.neighbours.stage({ clientId: partner.clientId });
      return (await http.rawPush((await requestFor(partner, consent)).parameters)).status;
    };
    expect(await push()).toBe(201);
    stack.roster({ [partner.clientId]: { suspended: true } });
    expect(await push()).toBe(401);
    stack.roster({});
    expect(await push()).toBe(201);
    stack.roster({ [partner.clientId]: { revoked: [partner.certificate.thumbprint] } });
    expect(await push()).toBe(401);
    stack.roster({});
    await http.close();
  });

  test.each([HOSTS.auth, HOSTS.mtlsAuth])("5.2.1 below TLS 1.3 to %s is refused", async (host) => {
    const { cert, key } = acme.certificate;
    const socket = connect({
      port: stack.ports[host],
      host: "127.0.0.1",
      servername: host,
      ca: stack.hostCa,
      cert,
      key,
      maxVersion: "TLSv1.2",
    });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toMatch(/protocol version/);
  });

  test.each([
    { what: "another Host", headers: { host: "evil.example" }, path: "/jwks", status: 421 },
    { what: "the other host's name", headers: { host: HOSTS.mtlsAuth }, path: "/jwks", status: 421 },
    { what: "a path that is no address", headers: {}, path: "/session/end/confirm", status: 404 },
    { what: "two slashes", headers: {}, path: "//evil.example/auth", status: 400 },
  ])("with $what gets $status", async ({ headers, path, status }) => {
    const port = stack.ports[HOSTS.auth] ?? 0;
    const { request } = await import("node:https");
    const sent = request({
      port,
      host: "127.0.0.1",
      servername: HOSTS.auth,
      ca: stack.hostCa,
      path,
      headers: { host: HOSTS.auth, ...headers },
    });
    sent.end();
    const [answer] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(status);
  });
});

test("2.1-1 both metadata documents say the same, and only what is allowed", async () => {
  const documents = await Promise.all(
    ["openid-configuration", "oauth-authorization-server"].flatMap((name) =>
      [HOSTS.auth, HOSTS.mtlsAuth].map(async (host) =>
        (await client.fetch(`https://${host}/.well-known/${name}`)).json(),
      ),
    ),
  );
  for (const document of documents) expect(document).toEqual(documents[0]);
  await expect(`${JSON.stringify(documents[0], undefined, 2)}\n`).toMatchFileSnapshot(
    "golden/discovery.json",
  );
});
