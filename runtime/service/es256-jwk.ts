import { Type, type Static } from "typebox";
import type { Key } from "../../key-store/key.ts";

const members = {
  kty: Type.Literal("EC"),
  crv: Type.Literal("P-256"),
  kid: Type.String({ minLength: 1 }),
  alg: Type.Literal("ES256"),
  use: Type.Literal("sig"),
  x: Type.String(),
  y: Type.String(),
};

/** The public half of a key that signs with ES256 (RFC 7517, RFC 7518). A private member is refused, not published. */
export const PublicJwk = Type.Object(members, { additionalProperties: false });
export type PublicJwk = Static<typeof PublicJwk>;

/** What is published of an ES256 key. */
export function publicJwkOf({ id, publicKey }: Key): PublicJwk {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { kty: "EC", crv: "P-256", kid: id, alg: "ES256", use: "sig", x, y };
}

/** A key that signs with ES256. */
export const PrivateJwk = Type.Object({ ...members, d: Type.String() });
export type PrivateJwk = Static<typeof PrivateJwk>;

/** A set of keys of which the first signs. */
export const PrivateJwks = Type.Object({ keys: Type.Array(PrivateJwk, { minItems: 1 }) });
