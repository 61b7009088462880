import { createHash } from "node:crypto";

/** SHA-256 of a secret id. Stores keep this instead of the id, so that reading a store gives nobody a code or token. */
export function digest(id: string): Buffer {
  return createHash("sha256").update(id).digest();
}

/** {@link digest} as text, for keys of Redis. */
export function digestText(id: string): string {
  return digest(id).toString("base64url");
}
