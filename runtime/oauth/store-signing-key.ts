import type { KeyObject } from "node:crypto";
import { ExternalSigningKey } from "oidc-provider";
import type { KeySet } from "../../key-store/key.ts";

/**
 * The keys of a set as the library's one key that signs elsewhere: its name and public half are those of the key that
 * signs now, so that a rotation needs no restart.
 */
export class StoreSigningKey extends ExternalSigningKey {
  readonly #keys: KeySet;

  constructor(keys: KeySet) {
    super();
    this.#keys = keys;
  }

  override get kid(): string {
    return this.#keys.current().id;
  }

  override get alg(): string {
    return "ES256";
  }

  override keyObject(): KeyObject {
    return this.#keys.current().publicKey;
  }

  /**
   * @param data signing input of a JWS (RFC 7515 section 5.1): header and payload, with a dot between.
   * @throws KeyStoreError when the store signs nothing.
   */
  override sign(data: Buffer): Promise<Buffer> {
    const head = data.subarray(0, data.indexOf("."));
    const { kid } = JSON.parse(Buffer.from(head.toString(), "base64url").toString()) as {
      readonly kid?: string;
    };
    // The header was written before: by the key that it names, though another may be the current one by now.
    const named = this.#keys.all().find(({ id }) => id === kid);
    return (named ?? this.#keys.current()).sign(data);
  }
}
