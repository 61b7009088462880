import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bearerOf, verifyToken, type Verification } from "./access-token.ts";
import type { KeySet } from "./key-set.ts";
import { AUDIENCE, ISSUER, signedJwt, testIssuer } from "./testing/tokens.ts";
import { createTokenCache, tokenKey } from "./token-cache.ts";
import { createTokens } from "./tokens.ts";

const issuer = testIssuer();
const cnf = { "x5t#S256": "t".repeat(43) };
const claims = { client_id: "ptn-a", sub: "customer-1", consent_id: "c1", grant_id: "g1", cnf };
const expected = { issuer: ISSUER, audience: AUDIENCE };
const keyOf = (kid: string): KeyObject | undefined => (kid === issuer.kid ? issuer.publicKey : undefined);
const look = (text: string): Verification => verifyToken(text, expected, keyOf, Date.now());
const seconds = Math.floor(Date.now() / 1000);

test("a good token tells client, customer, consent and certificate", () => {
  expect(look(issuer.token(claims))).toMatchObject({
    ok: true,
    token: {
      clientId: "ptn-a",
      customer: "customer-1",
      consentId: "c1",
      grantId: "g1",
      thumbprint: cnf["x5t#S256"],
    },
  });
});

test("a token of the client itself has no customer", () => {
  const found = look(issuer.token({ client_id: "ptn-a", sub: "ptn-a", cnf }));
  expect(found).toMatchObject({ ok: true, token: { customer: undefined, consentId: undefined } });
});

test("an audience in a list counts", () => {
  expect(look(issuer.token({ ...claims, aud: ["https://other", AUDIENCE] })).ok).toBe(true);
});

const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const good = issuer.token(claims);
const [head = "", payload = "", signature = ""] = good.split(".");
const otherPayload = Buffer.from(JSON.stringify({ ...claims, client_id: "ptn-b" })).toString("base64url");
const hmacHead = Buffer.from('{"alg":"HS256","typ":"at+jwt","kid":"key-1"}').toString("base64url");
const pem = issuer.publicKey.export({ format: "pem", type: "spki" });

test.each([
  ["of another issuer", issuer.token({ ...claims, iss: "https://evil" })],
  ["for another audience", issuer.token({ ...claims, aud: "https://other" })],
  ["without certificate binding", issuer.token({ ...claims, cnf: undefined })],
  ["bound to a key instead", issuer.token({ ...claims, cnf: { jkt: "x" } })],
  ["from the future", issuer.token({ ...claims, iat: seconds + 3600 })],
  ["not yet valid", issuer.token({ ...claims, nbf: seconds + 3600 })],
  ["without an end", issuer.token({ ...claims, exp: undefined })],
  ["of another type, such as an ID token", issuer.token(claims, { typ: "JWT" })],
  ["without a type", issuer.token(claims, { typ: undefined })],
  ["with a critical extension", issuer.token(claims, { crit: ["b64"], b64: false })],
  ["signed with another key", signedJwt(stranger, { alg: "ES256", typ: "at+jwt", kid: "key-1" }, claims)],
  ["with another's claims under a good signature", `${head}.${otherPayload}.${signature}`],
  [
    "without algorithm",
    `${Buffer.from('{"alg":"none","typ":"at+jwt","kid":"key-1"}').toString("base64url")}.${payload}.x`,
  ],
  [
    "signed by HMAC with the public key as secret",
    `${hmacHead}.${payload}.${createHmac("sha256", pem).update(`${hmacHead}.${payload}`).digest("base64url")}`,
  ],
  ["with an empty signature", `${head}.${payload}.`],
  ["with a signature of zeros", `${head}.${payload}.${Buffer.alloc(64).toString("base64url")}`],
  ["of two parts", `${head}.${payload}`],
  ["of five parts", `${good}.a.b`],
  ["too long", issuer.token({ ...claims, scope: "a".repeat(9_000) })],
])("a token %s is invalid", (_why, text) => {
  expect(look(text)).toEqual({ ok: false, why: "Invalid" });
});

test("a key name that is not known may be a new key", () => {
  expect(look(testIssuer("key-2").token(claims))).toEqual({ ok: false, why: "UnknownKey" });
});

test("garbage is invalid and never throws", () => {
  const text = fc.string();
  const parts = fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((three) => three.join("."));
  const refused = fc.property(fc.oneof(text, parts), (garbage) => !look(garbage).ok);
  expect(() => fc.assert(refused)).not.toThrow();
});

test.each([
  ["Bearer abc.def.ghi", "abc.def.ghi"],
  ["bearer abc", "abc"],
  ["BEARER  abc", "abc"],
  ["Basic abc", undefined],
  ["Bearer", undefined],
  ["Bearer a b", undefined],
  [undefined, undefined],
])("the header %s holds the token %s", (header, want) => {
  expect(bearerOf(header)).toBe(want);
});

/** A key set in memory whose keys a test exchanges. */
function keySet(): KeySet & {
  keys: Map<string, KeyObject>;
  refreshes: number;
  tell(): void;
  next: () => void;
} {
  const listeners: (() => void)[] = [];
  const set = {
    keys: new Map([[issuer.kid, issuer.publicKey]]),
    refreshes: 0,
    next: () => undefined as void,
    keyOf: (kid: string) => set.keys.get(kid),
    refresh: async () => {
      set.refreshes += 1;
      set.next();
      return true;
    },
    notLoaded: () => undefined,
    onChange: (listener: () => void) => void listeners.push(listener),
    stop: () => undefined,
    tell: () => {
      for (const listener of listeners) listener();
    },
  };
  return set;
}

test("a token signed with a new key is accepted after the keys were read again, once", async () => {
  const keys = keySet();
  const second = testIssuer("key-2");
  keys.next = () => void keys.keys.set(second.kid, second.publicKey);
  const tokens = createTokens(expected, keys);
  const header = `Bearer ${second.token(claims)}`;
  expect(await tokens.look(header, Date.now())).toMatchObject({ clientId: "ptn-a" });
  expect(tokens.look(header, Date.now())).toMatchObject({ clientId: "ptn-a" });
  expect(keys.refreshes).toBe(1);
});

test("a token of a key that was removed is refused from then on, though it was good before", async () => {
  const keys = keySet();
  const tokens = createTokens(expected, keys);
  expect(tokens.look(`Bearer ${good}`, Date.now())).toMatchObject({ clientId: "ptn-a" });
  keys.keys.clear();
  keys.tell();
  expect(await tokens.look(`Bearer ${good}`, Date.now())).toBe("Invalid");
});

test("a cache holds no more than it may, and forgets a bad token soon", () => {
  const cache = createTokenCache({ good: 2, bad: 2 });
  const token = look(good);
  for (const name of ["a", "b", "c"]) cache.keep(name, token, 0);
  expect(["a", "b", "c"].map((name) => cache.find(name, 0)?.ok)).toEqual([undefined, true, true]);
  for (const name of ["x", "y", "z"]) cache.keep(name, { ok: false, why: "Invalid" }, 0);
  expect(cache.size).toBe(4);
  expect(cache.find("z", 1_999)).toEqual({ ok: false, why: "Invalid" });
  expect(cache.find("z", 2_000)).toBeUndefined();
});

test("tokens that differ in any part have different names, and a name tells nothing of the token", () => {
  expect(tokenKey(`${head}.${otherPayload}.${signature}`)).not.toBe(tokenKey(good));
  expect(tokenKey(good)).toHaveLength(44);
});
