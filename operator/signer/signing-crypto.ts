import { webcrypto } from "node:crypto";
import type { Key } from "../../key-store/key.ts";

/**
 * Node's WebCrypto, whose signatures are all made by one key, wherever that is.
 *
 * For whoever makes certificates with WebCrypto and wants to be given a private key: any may be handed in, its public half too.
 */
export function signingCrypto(key: Key): webcrypto.Crypto {
  const sign = (_algorithm: unknown, _key: unknown, data: ArrayBuffer): Promise<Buffer> =>
    key.sign(new Uint8Array(data));
  const subtle = withMember(webcrypto.subtle, "sign", sign);
  return withMember(webcrypto, "subtle", subtle);
}

/** An object with one member replaced; its other methods know it only as itself. */
function withMember<T extends object>(target: T, name: keyof T, member: unknown): T {
  return new Proxy(target, {
    get(_, asked) {
      if (asked === name) return member;
      const found: unknown = Reflect.get(target, asked, target);
      return typeof found === "function" ? (found.bind(target) as unknown) : found;
    },
  });
}
