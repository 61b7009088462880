import { createPublicKey, type KeyObject } from "node:crypto";

/** What stands before a raw Ed25519 key in a SubjectPublicKeyInfo (RFC 8410 section 4). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** The public key of its 32 octets (RFC 8032). @throws Error when there are more or fewer. */
export function ed25519From(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: "der", type: "spki" });
}

/** The 32 octets of a public Ed25519 key. */
export function rawEd25519(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(SPKI.length);
}
