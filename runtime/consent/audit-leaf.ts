import { createHash } from "node:crypto";

/** A leaf of the audit tree: the words, and their hash. */
export interface AuditLeaf {
  /** Canonical JSON. */
  readonly text: string;
  /** SHA-256 of 0x00 and the text (RFC 6962 section 2.1). */
  readonly hash: Buffer;
}

/** The leaf that keeps a value. */
export function auditLeaf(value: object): AuditLeaf {
  const text = canonicalJson(value);
  const hash = createHash("sha256").update(Buffer.of(0)).update(text, "utf8").digest();
  return { text, hash };
}

/**
 * JSON with one spelling per value (RFC 8785): members in order of their names as UTF-16, no white space. ECMAScript
 * writes numbers and strings that way already.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
