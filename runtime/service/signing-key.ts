import { createPrivateKey, createPublicKey } from "node:crypto";
import { Compile } from "typebox/compile";
import { embeddedKey } from "../../key-store/embedded.ts";
import type { Key } from "../../key-store/key.ts";
import { type PrivateJwk, PrivateJwks, type PublicJwk } from "./es256-jwk.ts";

const jwks = Compile(PrivateJwks);

/**
 * The first key of a set, which is the one that signs.
 *
 * All of a set are published. So a key is changed in three steps, with an hour between them for partners' caches: the new
 * one is added last, then moved first, then the old one goes.
 *
 * @param text JSON Web Key Set (RFC 7517) with private ES256 keys, as the keys Job makes it.
 * @param secret name of the Secret it stands in, for whoever has to mend it.
 * @throws Error when it is something else; the text is never quoted.
 */
export function signingKey(text: string, secret: string): Key {
  const [first] = privateKeys(text, secret);
  if (first === undefined) throw unusable(secret);
  return embeddedKey(first.kid, createPrivateKey({ key: first, format: "jwk" }));
}

/** The public halves of a set. @throws as {@link signingKey}. */
export function publicKeys(text: string, secret: string): readonly PublicJwk[] {
  return privateKeys(text, secret).map(({ d: _secret, ...open }) => {
    createPublicKey({ key: open, format: "jwk" });
    return open;
  });
}

function privateKeys(text: string, secret: string): readonly PrivateJwk[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: a parser quotes what it stumbles over, and this is a secret.
    throw unusable(secret);
  }
  if (!jwks.Check(value)) throw unusable(secret);
  return value.keys;
}

function unusable(secret: string): Error {
  return new Error(
    `jwks.json of the Secret ${secret} is no set of private ES256 keys; delete the Secret and run the keys Job again.`,
  );
}
