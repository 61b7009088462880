import { createPublicKey, sign, type KeyObject } from "node:crypto";
import type { Key, KeyAlgorithm, KeySet } from "./key.ts";
import { Listeners } from "./listeners.ts";

/**
 * A key whose private half is in this process's memory.
 *
 * @throws Error when it is neither EC P-256 nor Ed25519; the key is never quoted.
 */
export function embeddedKey(id: string, privateKey: KeyObject): Key {
  const algorithm = algorithmOf(privateKey);
  if (algorithm === undefined) throw new Error(`The key ${id} is neither EC P-256 nor Ed25519; use one.`);
  const [digest, key] =
    algorithm === "EdDSA"
      ? [undefined, privateKey]
      : (["sha256", { key: privateKey, dsaEncoding: "ieee-p1363" }] as const);
  // Within this turn: at 30 to 60 µs a thread of the pool costs more than it gives.
  const signed = (bytes: Uint8Array): Buffer => sign(digest, bytes, key);
  return {
    id,
    algorithm,
    publicKey: createPublicKey(privateKey),
    sign: async (bytes) => signed(bytes),
    signAll: async (texts) => texts.map(signed),
  };
}

/** How a key can sign here; undefined when it cannot. */
export function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): KeyAlgorithm | undefined {
  if (asymmetricKeyType === "ed25519") return "EdDSA";
  return asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ES256" : undefined;
}

/** Keys in this process's memory, as somebody reads them from files; the first signs. */
export class EmbeddedKeys implements KeySet {
  readonly #listeners = new Listeners();
  #keys: readonly [Key, ...Key[]];

  constructor(keys: readonly [Key, ...Key[]]) {
    this.#keys = keys;
  }

  /** Others from now on: what was read again. */
  replace(keys: readonly [Key, ...Key[]]): void {
    this.#keys = keys;
    this.#listeners.tell();
  }

  current(): Key {
    return this.#keys[0];
  }

  all(): readonly Key[] {
    return this.#keys;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  stop(): void {}
}
