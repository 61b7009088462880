import { generateKeyPairSync } from "node:crypto";
import type { RandomBytes } from "./oauth-keys.ts";

/**
 * The contents of a new Secret with a key by which one service speaks to partners (ES256): `jwks.json` for that service,
 * and `public.json`, its public half, which the authorization server publishes beside its own.
 *
 * @param prefix of the key's id, so that a partner's log tells what was signed with it.
 */
export function newSigningKeySet(prefix: string, random: RandomBytes): Readonly<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const said = { kid: `${prefix}-${random(8).toString("hex")}`, alg: "ES256", use: "sig" };
  return {
    "jwks.json": JSON.stringify({ keys: [{ ...privateKey.export({ format: "jwk" }), ...said }] }),
    "public.json": JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), ...said }] }),
  };
}
