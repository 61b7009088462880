import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import type { Queries } from "./postgres.ts";

/** A leaf of the audit tree: the words, and their hash. */
export interface AuditLeaf {
  /** Canonical JSON. */
  readonly text: string;
  /** SHA-256 of 0x00 and the text (RFC 6962 section 2.1). */
  readonly hash: Buffer;
}

/**
 * Keeps what happened as a leaf of the audit tree, in the service's own `audit_leaf` table.
 *
 * @param tx the transaction of the change itself, so that there is neither one without the other.
 * @param value holds no personal value but the customer's id.
 */
export async function writeAuditLeaf(
  tx: Queries,
  { at, subject, value }: { readonly at: Date; readonly subject: string; readonly value: object },
): Promise<void> {
  const { text, hash } = auditLeaf(value);
  await tx.query("insert into audit_leaf (at, subject, leaf, hash) values ($1, $2, $3, $4)", [
    at,
    subject,
    text,
    hash,
  ]);
}

/** The leaf that keeps a value. */
export function auditLeaf(value: object): AuditLeaf {
  const text = canonicalJson(value);
  const hash = createHash("sha256").update(Buffer.of(0)).update(text, "utf8").digest();
  return { text, hash };
}
