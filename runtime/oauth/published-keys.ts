import { existsSync } from "node:fs";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { PublicJwk } from "../service/es256-jwk.ts";
import type { Log } from "../service/logger.ts";
import { watchFiles } from "../service/watched-files.ts";

/** Keys of services that speak to partners in the group's name. */
const PublishedJwks = Type.Object({ keys: Type.Array(PublicJwk) });

/** @throws Error when a text is no set of public ES256 keys. */
export function parsePublished(text: string): readonly PublicJwk[] {
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
