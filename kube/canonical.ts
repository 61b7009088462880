import { hash } from "node:crypto";

/** JSON with sorted keys and without undefined members: equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** A short fingerprint of data: 22 characters of SHA-256 over its canonical JSON. */
export function fingerprint(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url").slice(0, 22);
}
