import { KeyStoreError } from "../error.ts";
import { dataOf } from "./answer.ts";
import type { OpenBao } from "./client.ts";

/** What the store tells of a version of a key. */
export interface VersionTold {
  readonly version: number;
  /** In ms since 1970. */
  readonly created: number;
  /** In the form that its type has; empty where it has none. */
  readonly publicKey: string;
}

/**
 * The versions of a key that are not archived.
 *
 * @param type as the store calls it, such as `ed25519`.
 * @returns at least one, and the least version that signs or encrypts.
 * @throws KeyStoreError when the store does not tell, or has no such key of this type.
 */
export async function toldOf(
  bao: OpenBao,
  name: string,
  type: string,
): Promise<{ readonly newestFirst: readonly VersionTold[]; readonly least: number }> {
  const { address, mount } = bao.settings;
  const path = `${mount}/keys/${name}`;
  const answer = await bao.read(path);
  if (answer.status === 404)
    throw new KeyStoreError(
      "no key",
      `The key store ${address} has no key ${path}; make it: bao write -f ${path} type=${type}`,
    );
  const data = dataOf(answer);
  const versions = data["keys"];
  if (answer.status !== 200 || typeof versions !== "object" || versions === null)
    throw new KeyStoreError(
      "malformed",
      `The key store ${address} did not tell of ${path} (${answer.status}: ${answer.errors}); see that a transit engine is mounted at ${mount}.`,
    );
  if (data["type"] !== type)
    throw new KeyStoreError(
      "no key",
      `${path} of ${address} is a key of type ${String(data["type"])}; name one of type ${type}.`,
    );
  const newestFirst = Object.entries(versions as Readonly<Record<string, Told>>)
    .map(([version, { public_key: publicKey = "", creation_time: created = "" }]) => ({
      version: Number(version),
      created: Date.parse(created),
      publicKey,
    }))
    .toSorted((one, other) => other.version - one.version);
  return { newestFirst, least: Number(data["min_encryption_version"] ?? 0) };
}

interface Told {
  readonly public_key?: string;
  readonly creation_time?: string;
}
