import { existsSync } from "node:fs";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Log } from "../service/logger.ts";
import { watchFiles } from "../service/watched-files.ts";

/** A public key of a service that speaks to partners in the group's name. */
const PublishedJwk = Type.Object(
  {
    kty: Type.Literal("EC"),
    crv: Type.Literal("P-256"),
    kid: Type.String({ minLength: 1 }),
    alg: Type.Literal("ES256"),
    use: Type.Literal("sig"),
    x: Type.String(),
    y: Type.String(),
  },
  // A private member would be refused rather than published.
  { additionalProperties: false },
);
const PublishedJwks = Type.Object({ keys: Type.Array(PublishedJwk) });

/** @throws Error when a text is no set of public ES256 keys. */
export function parsePublished(text: string): readonly Static<typeof PublishedJwk>[] {
  const value: unknown = JSON.parse(text);
  if (Value.Check(PublishedJwks, value)) return value.keys;
  throw new Error(
    "A key set to publish must hold public ES256 keys (EC P-256, use sig, with kid) and nothing else.",
  );
}

/**
 * The keys in a file that are published beside the authorization server's own, so that partners verify everything the
 * group says with one key set; followed while the file changes. None when there is no such file.
 */
export function publishedKeys(
  file: string,
  log: Log,
): { readonly current: () => readonly object[]; readonly stop: () => void } {
  if (!existsSync(file)) return { current: () => [], stop: () => undefined };
  const watched = watchFiles({ set: file }, { log, check: ({ set }) => void parsePublished(set) });
  return { current: () => parsePublished(watched.current().set), stop: () => watched.stop() };
}
