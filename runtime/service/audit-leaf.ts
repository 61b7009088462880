import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import { seal } from "./hpke.ts";
import type { Queries } from "./postgres.ts";
import { subjectKey } from "./subject-key.ts";

/** A leaf of the audit tree: the words, and their hash. */
export interface AuditLeaf {
  /** Canonical JSON. */
  readonly text: string;
  /** SHA-256 of 0x00 and the text (RFC 6962 section 2.1). */
  readonly hash: Buffer;
}

/** What happened, as evidence. */
export interface Evidence {
  readonly at: Date;
  /** Id of what it happened to. */
  readonly subject: string;
  /** Readable for as long as the log is kept: no personal value but the customer's id. */
  readonly value: object;
  /** Readable until the customer is erased: names, account numbers, amounts. */
  readonly personal?: { readonly customer: string; readonly fields: object };
}

/** What personal fields of leaves are sealed for. */
export const PERSONAL = "wekeza audit leaf: personal fields";

/**
 * Keeps what happened as a leaf of the audit tree, in the service's own `audit_leaf` table.
 *
 * Personal fields are encrypted to the customer's key, which no service holds; those of an erased customer are left out.
 *
 * @param tx the transaction of the change itself, so that there is neither one without the other.
 */
export async function writeAuditLeaf(tx: Queries, { at, subject, value, personal }: Evidence): Promise<void> {
  const { text, hash } = auditLeaf(personal === undefined ? value : await sealed(tx, value, personal));
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

async function sealed(
  tx: Queries,
  value: object,
  personal: NonNullable<Evidence["personal"]>,
): Promise<object> {
  const { customer, fields } = personal;
  const key = await subjectKey(tx, customer);
  if (key === undefined) return { ...value, personal: { customer } };
  // Bound to the rest of its leaf, so that it cannot be moved into another.
  const aad = canonicalJson({ ...value, personal: { customer } });
  const box = seal(key, Buffer.from(canonicalJson(fields)), { info: PERSONAL, aad });
  return { ...value, personal: { customer, sealed: box.toString("base64url") } };
}
