import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { PrivateJwks } from "../service/es256-jwk.ts";

const CookieKeys = Type.Array(Type.String({ minLength: 32 }), { minItems: 1 });

/** The secrets that every pod of the authorization server shares. The first of each list signs; all verify. */
export interface OauthKeys {
  /** ES256 keys that sign tokens. */
  readonly jwks: Static<typeof PrivateJwks>;
  /** Keys that sign cookies and forms, at least 256 bits each. */
  readonly cookieKeys: readonly string[];
  /** Public keys of other services that partners find in the same set. */
  readonly published?: () => readonly object[];
}

/**
 * The secrets in two texts, as the keys Job wrote them.
 *
 * @throws Error that names the file at fault, without its contents.
 */
export function parseKeys(jwksJson: string, cookieJson: string): OauthKeys {
  return {
    jwks: parse("jwks.json", PrivateJwks, jwksJson),
    cookieKeys: parse("cookie.json", CookieKeys, cookieJson),
  };
}

/** The secrets in the mounted Secret `oauth-keys`. */
export function readKeys(folder: string): OauthKeys {
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  return parseKeys(text("jwks.json"), text("cookie.json"));
}

function parse<Schema extends typeof PrivateJwks | typeof CookieKeys>(
  name: string,
  schema: Schema,
  text: string,
): Static<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: a parser quotes what it stumbles over, and this is a secret.
    throw new Error(
      `${name} of the Secret oauth-keys is no JSON; delete the Secret and run the keys Job again.`,
    );
  }
  if (Value.Check(schema, value)) return value as Static<Schema>;
  throw new Error(
    `${name} of the Secret oauth-keys has not the expected form; delete it and run the keys Job again.`,
  );
}
