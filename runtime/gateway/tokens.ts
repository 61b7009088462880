import { bearerOf, verifyToken, type TokenExpectations, type VerifiedToken } from "./access-token.ts";
import type { KeySet } from "./key-set.ts";
import { createTokenCache, tokenKey, type TokenCache } from "./token-cache.ts";

/** What the `Authorization` header of a call holds. */
export type TokenFound = VerifiedToken | "Missing" | "Invalid";

/** Access tokens as they come in. */
export interface Tokens {
  /**
   * Looks at a header: at once for a token seen before or signed with a known key; after reading the keys again when
   * the key is unknown (the authorization server may have a new one).
   *
   * @param now in ms since 1970.
   */
  look(header: string | undefined, now: number): TokenFound | Promise<TokenFound>;
}

/** Joins verification, cache and keys. */
export function createTokens(
  expected: TokenExpectations,
  keys: KeySet,
  cache: TokenCache = createTokenCache(),
): Tokens {
  keys.onChange(() => cache.clear());
  const look = (text: string, now: number): TokenFound | "UnknownKey" => {
    const key = tokenKey(text);
    let found = cache.find(key, now);
    if (found === undefined) {
      found = verifyToken(text, expected, keys.keyOf, now);
      cache.keep(key, found, now);
    }
    return found.ok ? found.token : found.why;
  };
  return {
    look(header, now) {
      const text = bearerOf(header);
      if (text === undefined) return header === undefined ? "Missing" : "Invalid";
      const found = look(text, now);
      if (found !== "UnknownKey") return found;
      return keys.refresh().then(() => {
        const again = look(text, now);
        return again === "UnknownKey" ? "Invalid" : again;
      });
    },
  };
}
