import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { ShardTrust } from "../../crds/shard.ts";

/** Why a document is not believed; undefined when it is. */
export type SignatureCheck = (payload: string, signature: string) => string | undefined;

/**
 * Checks detached JWS signatures (RFC 7515 appendix F), EdDSA with Ed25519 and nothing else, against trusted keys.
 *
 * @throws when a trusted key is no Ed25519 key.
 */
export function signatureCheck({ keys }: ShardTrust): SignatureCheck {
  const trusted = new Map<string, KeyObject>();
  for (const { kid, kty, crv, x } of keys) {
    trusted.set(kid, createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
  }
  return (payload, signature) => {
    const [header = "", middle, signed = "", ...more] = signature.split(".");
    if (middle !== "" || more.length > 0) return "its signature is no detached JWS";
    const { alg, kid, crit } = parsed(header);
    if (alg !== "EdDSA") return "its signature is not EdDSA";
    if (crit !== undefined) return "its signature asks for extensions that are not known";
    const key = typeof kid === "string" ? trusted.get(kid) : undefined;
    if (key === undefined) return "its signing key is not trusted";
    const input = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
    return verify(null, input, key, Buffer.from(signed, "base64url"))
      ? undefined
      : "its signature does not fit its contents";
  };
}

function parsed(header: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
