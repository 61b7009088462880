import type { ObukFault } from "./obuk-error.ts";

/** What is said of a body that is not storable. */
export const UNSTORABLE: ObukFault = {
  reason: "InvalidFormat",
  message: "The body has a character that is none: U+0000 or half of a surrogate pair.",
};

/**
 * Whether a JSON value can be kept as `jsonb` and hashed: Postgres takes no U+0000, and neither it nor canonical JSON
 * (RFC 8785) takes half a surrogate pair.
 */
export function isStorable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorable(member));
}
