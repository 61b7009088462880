import { generateKeyPairSync } from "node:crypto";

/** Name of the Secret that only the authorization server mounts. */
export const OAUTH_KEYS = "oauth-keys";

/** A source of unpredictable bytes (`crypto.randomBytes`). */
export type RandomBytes = (count: number) => Buffer;

/**
 * The contents of a new Secret `oauth-keys`: the key that signs tokens (ES256), the one that signs cookies and forms,
 * and the secret of nonces. Every pod of a stack shares them, and a group keeps them wherever it moves.
 */
export function newOauthKeys(random: RandomBytes): Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = `sig-${random(8).toString("hex")}`;
  const jwk = { ...privateKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
  return { "jwks.json": JSON.stringify({ keys: [jwk] }), ...newOauthSecrets(random) };
}

/** What is left in the Secret when the key that signs tokens is in a store. */
export function newOauthSecrets(random: RandomBytes): Readonly<Record<string, string>> {
  return {
    "cookie.json": JSON.stringify([random(32).toString("base64url")]),
    nonce: random(32).toString("base64url"),
  };
}
