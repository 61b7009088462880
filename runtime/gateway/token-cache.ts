import { hash } from "node:crypto";
import type { Verification } from "./access-token.ts";

/** Tokens that were verified, so that a signature is checked once per token and not once per request. */
export interface TokenCache {
  /** What the token was found to be, or undefined when it has to be looked at. */
  find(key: string, now: number): Verification | undefined;
  keep(key: string, verification: Verification, now: number): void;
  /** Forgets everything: the keys changed. */
  clear(): void;
  readonly size: number;
}

/** Good tokens kept at most; about 1 kB each. */
const GOOD = 50_000;
/** Bad tokens kept at most, and how long, in ms: a repeated bad token costs no signature check, nor much memory. */
const BAD = 5_000;
const BAD_MS = 2_000;

/** An empty cache. When it is full the oldest entry goes. */
export function createTokenCache({ good = GOOD, bad = BAD } = {}): TokenCache {
  const kept = new Map<string, Verification & { readonly ok: true }>();
  const refused = new Map<string, number>();
  const invalid: Verification = { ok: false, why: "Invalid" };
  return {
    find(key, now) {
      const known = kept.get(key);
      if (known !== undefined) return known;
      const until = refused.get(key);
      if (until === undefined) return undefined;
      if (now < until) return invalid;
      refused.delete(key);
      return undefined;
    },
    keep(key, verification, now) {
      if (verification.ok) {
        // Expired ones stay until pushed out, because "expired" and "invalid" are answered differently.
        bounded(kept, good).set(key, verification);
      } else if (verification.why === "Invalid") {
        bounded(refused, bad).set(key, now + BAD_MS);
      }
    },
    clear() {
      kept.clear();
      refused.clear();
    },
    get size() {
      return kept.size + refused.size;
    },
  };
}

/** The map with room for one more. */
function bounded<V>(map: Map<string, V>, most: number): Map<string, V> {
  if (map.size >= most) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  return map;
}

/**
 * The name of a token in the cache: SHA-256 of all of it.
 *
 * Not the signature alone, under which header and payload could be exchanged; not the token, which would stand in heap dumps.
 */
export function tokenKey(token: string): string {
  return hash("sha256", token, "base64");
}
