import { generateKeyPairSync } from "node:crypto";

/** Name of the Secret with the key that signs the audit log's checkpoints. */
export const AUDIT_SIGNING_KEY = "audit-signing-key";

/** Name of the Secret with the key that customers' keys are sealed to: without it no personal field can be read. */
export const AUDIT_WRAPPING_KEY = "audit-wrapping-key";

/** The contents of a new Secret `audit-signing-key`: Ed25519, PKCS #8. */
export function newAuditSigningKey(): Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { "key.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** The contents of a new Secret `audit-wrapping-key`: X25519, PKCS #8. */
export function newAuditWrappingKey(): Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync("x25519");
  return { "key.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}
