import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JWKS } from "oidc-provider";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { KeySet } from "../../key-store/key.ts";
import { PrivateJwks, type PublicJwk, publicJwkOf } from "../service/es256-jwk.ts";
import { SIGNING_TRIAL } from "../service/stack-key.ts";
import { StoreSigningKey } from "./store-signing-key.ts";

const CookieKeys = Type.Array(Type.String({ minLength: 32 }), { minItems: 1 });

/** The secrets that every pod of the authorization server shares. The first of each list signs; all verify. */
export interface OauthKeys {
  /** ES256 keys that sign tokens, or one that stands for those of a store. */
  readonly jwks: JWKS;
  /** The public halves of those that tokens may be signed with, by now. */
  readonly own: () => readonly PublicJwk[];
  /** Whether a token could be signed, where that is not certain. @throws KeyStoreError when none could. */
  readonly canSign?: () => Promise<void>;
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
  const jwks = parse("jwks.json", PrivateJwks, jwksJson);
  const own = jwks.keys.map(({ d: _secret, ...open }) => open);
  return { jwks, own: () => own, cookieKeys: parse("cookie.json", CookieKeys, cookieJson) };
}

/** The secrets in the mounted Secret `oauth-keys`. */
export function readKeys(folder: string): OauthKeys {
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  return parseKeys(text("jwks.json"), text("cookie.json"));
}

/**
 * The keys of a store that has told of them, with what else is in the mounted Secret.
 *
 * @param clock in ms, never goes back.
 */
export function storedKeys(keys: KeySet, folder: string, clock: () => number): OauthKeys {
  return {
    jwks: { keys: [new StoreSigningKey(keys)] },
    own: () => keys.all().map(publicJwkOf),
    canSign: trial(keys, clock),
    cookieKeys: parse("cookie.json", CookieKeys, readFileSync(join(folder, "cookie.json"), "utf8")),
  };
}

/** So long a signature shows that there will be another, in ms. */
const SHOWN_MS = 1_000;

function trial(keys: KeySet, clock: () => number): () => Promise<void> {
  let signedAt = -Infinity;
  let under: Promise<void> | undefined;
  const signs = async (): Promise<void> => {
    await keys.current().sign(SIGNING_TRIAL);
    signedAt = clock();
  };
  return async () => {
    if (clock() - signedAt < SHOWN_MS) return;
    // One for all who wait.
    under ??= signs().finally(() => (under = undefined));
    await under;
  };
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
