import { generateKeyPairSync } from "node:crypto";

/** A new private ES256 key, as the Secret `events-keys` holds it. */
export function newJwk(kid: string): object {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
}
