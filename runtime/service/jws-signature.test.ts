import { constants, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { flattenedVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import { signatureFault, signMessage, type MessageSigner, type SigningJwk } from "./jws-signature.ts";

const now = Date.parse("2026-11-22T10:00:00Z");
const body = Buffer.from('{"Data":{"ConsentId":"c1"},"Risk":{}}');

function signerOf(alg: "PS256" | "ES256"): { readonly signer: MessageSigner; readonly jwk: SigningJwk } {
  const { publicKey, privateKey } =
    alg === "PS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  const form = alg === "PS256" ? { padding, saltLength } : ({ dsaEncoding: "ieee-p1363" } as const);
  const key = { key: privateKey, ...form };
  const { kty = "" } = publicKey.export({ format: "jwk" });
  return {
    signer: {
      kid: "k1",
      alg,
      key: { sign: async (bytes) => sign("sha256", bytes, key) },
      issuer: "ptn-a",
      trustAnchor: "openbanking.test",
    },
    jwk: { ...publicKey.export({ format: "jwk" }), kid: "k1", kty },
  };
}

const CASES = await Promise.all(
  (["PS256", "ES256"] as const).map(async (alg) => {
    const { signer, jwk } = signerOf(alg);
    return { alg, jwk, signature: await signMessage(signer, body, now) };
  }),
);

describe.each(CASES)("with $alg", ({ alg, jwk, signature }) => {
  const expected = { issuer: "ptn-a", keys: [jwk], now };

  test("what was signed is believed, by us and by an independent library", async () => {
    expect(signatureFault(signature, body, expected)).toBeUndefined();
    const [head = "", , signed = ""] = signature.split(".");
    const critical = Object.fromEntries(
      ["iat", "iss", "tan"].map((name) => [`http://openbanking.org.uk/${name}`, true]),
    );
    const message = { protected: head, payload: body.toString("base64url"), signature: signed };
    const key = await importJWK({ ...jwk }, alg);
    await expect(flattenedVerify(message, key, { crit: critical })).resolves.toBeDefined();
  });

  test("any other byte in the body breaks it", () => {
    const change = fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }));
    const property = fc.property(change, ([at, by]) => {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ by;
      return signatureFault(signature, changed, expected) === "SignatureInvalid";
    });
    expect(() => fc.assert(property, { numRuns: 30 })).not.toThrow();
  });

  test.each([
    { why: "there is none", given: undefined, want: "SignatureMissing" },
    { why: "it is no JWS", given: "not.a.jws", want: "SignatureMalformed" },
    { why: "it carries its payload", given: signature.replace("..", ".e30."), want: "SignatureMalformed" },
    { why: "a parameter is missing", given: withHeader({ kid: undefined }), want: "SignatureMissingClaim" },
    { why: "the algorithm is none", given: withHeader({ alg: "none" }), want: "SignatureInvalidClaim" },
    { why: "it is a MAC", given: withHeader({ alg: "HS256" }), want: "SignatureInvalidClaim" },
    { why: "b64 is set", given: withHeader({ b64: false }), want: "SignatureInvalidClaim" },
    { why: "crit lists less", given: withHeader({ crit: [] }), want: "SignatureInvalidClaim" },
    { why: "the key is unknown", given: withHeader({ kid: "k2" }), want: "SignatureInvalidClaim" },
  ])("it is refused when $why", ({ given, want }) => {
    expect(signatureFault(given, body, expected)).toBe(want);
  });

  test.each([
    { why: "another partner's", fields: { issuer: "ptn-b" } },
    { why: "from the future", fields: { now: now - 61_000 } },
    { why: "too old", fields: { now: now + 301_000 } },
  ])("it is refused when it is $why", ({ fields }) => {
    expect(signatureFault(signature, body, { ...expected, ...fields })).toBe("SignatureInvalidClaim");
  });

  function withHeader(fields: Readonly<Record<string, unknown>>): string {
    const [head = "", , signed = ""] = signature.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
    return `${Buffer.from(JSON.stringify({ ...header, ...fields })).toString("base64url")}..${signed}`;
  }
});

test("whatever is sent as a signature, the check answers", () => {
  const { jwk } = signerOf("ES256");
  const property = fc.property(fc.string(), (text) => {
    return signatureFault(text, body, { issuer: "ptn-a", keys: [jwk], now }) !== undefined;
  });
  expect(() => fc.assert(property)).not.toThrow();
});
