import { createPublicKey, type JsonWebKey } from "node:crypto";
import type { PartnerSpec } from "../../crds/partner.ts";
import type { ShardJwk } from "../../crds/shard.ts";

type PartnerKey = PartnerSpec["jwks"]["keys"][number];

/**
 * What is wrong with a partner's signing keys, for people; undefined when each of them can verify signatures.
 *
 * The CRD sees texts only: a point that is not on its curve passes there, and would break whoever imports it.
 */
export function keysProblem(keys: readonly PartnerKey[]): string | undefined {
  for (const key of keys) {
    const problem = keyProblem(key);
    if (problem !== undefined)
      return `spec.jwks: the key ${key.kid} ${problem}; replace it with a good public key.`;
  }
  return undefined;
}

function keyProblem(key: PartnerKey): string | undefined {
  try {
    const { kty, crv, x, y, n, e } = key;
    const jwk: JsonWebKey = { kty, ...defined({ crv, x, y, n, e }) };
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: "jwk" });
    const bits = asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < 2_048 ? `is RSA of ${bits} bits, and 2048 are needed` : undefined;
  } catch {
    return `is no valid ${key.kty} key`;
  }
}

/** The public members of a key and nothing else. */
export function shardJwk({ kty, kid, alg, use, crv, x, y, n, e }: PartnerKey): ShardJwk {
  return { kty, kid, ...defined({ alg, use, crv, x, y, n, e }) };
}

function defined(members: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
