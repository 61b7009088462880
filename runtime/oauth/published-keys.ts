import { existsSync } from "node:fs";
import type { AwaitedKeys } from "../../key-store/open-bao/awaited-keys.ts";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { PublicJwk, publicJwkOf } from "../service/es256-jwk.ts";
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
 * The keys in some files, and of a store, that are published beside the authorization server's own, so that partners verify everything the
 * group says with one key set; followed while a file changes. None of a file that is not there, nor of a store until it told of them.
 */
export function publishedKeys(
  files: readonly string[],
  stored: readonly AwaitedKeys[],
  log: Log,
): { readonly current: () => readonly object[]; readonly stop: () => void } {
  const check = ({ set }: { readonly set: string }): void => void parsePublished(set);
  const watched = files.filter((file) => existsSync(file)).map((set) => watchFiles({ set }, { log, check }));
  return {
    current: () => [
      ...watched.flatMap((file) => parsePublished(file.current().set)),
      ...stored.flatMap((keys) => keys.all().map(publicJwkOf)),
    ],
    stop: () => watched.forEach((file) => file.stop()),
  };
}
