import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** An authorization server's signing key, as tests need it. */
export interface TestIssuer {
  readonly kid: string;
  readonly publicKey: KeyObject;
  /** Its public JWK set. */
  jwks(): { readonly keys: readonly object[] };
  /** A JWT with these claims over sensible ones; `header` over the usual header. */
  token(claims?: object, header?: object): string;
}

export const ISSUER = "https://auth.ke.openbanking.test";
export const AUDIENCE = "https://api.ke.openbanking.test";

/** Makes an issuer with a new P-256 key. */
export function testIssuer(kid = "key-1"): TestIssuer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    kid,
    publicKey,
    jwks: () => ({ keys: [{ ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" }] }),
    token(claims = {}, header = {}) {
      const seconds = Math.floor(Date.now() / 1000);
      const usual = { iss: ISSUER, aud: AUDIENCE, iat: seconds, exp: seconds + 600, scope: "accounts" };
      return signedJwt(privateKey, { alg: "ES256", typ: "at+jwt", kid, ...header }, { ...usual, ...claims });
    },
  };
}

/** A JWT signed with ECDSA P-256 and SHA-256, whatever its header says. */
export function signedJwt(key: KeyObject, header: object, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part(header)}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}
