import type { RandomBytes } from "./oauth-keys.ts";
import { newSigningKeySet } from "./signing-key-set.ts";

/** Name of the Secret with the keys that sign answers about payments. */
export const MESSAGE_KEYS = "message-keys";

/**
 * The contents of a new Secret `message-keys`, for the gateway: `x-jws-signature` of answers. Not the key of tokens, so
 * that whoever gets hold of a gateway can make no token of it.
 */
export function newMessageKeys(random: RandomBytes): Readonly<Record<string, string>> {
  return newSigningKeySet("msg", random);
}
