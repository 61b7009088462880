import { constants, createPublicKey, type KeyObject, privateDecrypt } from "node:crypto";
import { OAEP_HASH, type OpeningKey } from "../opener.ts";

/** An opening key whose private half is in this process's memory: no service has one, the other adapter is held against it. */
export function openerInMemory(privateKey: KeyObject): OpeningKey {
  const key = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: OAEP_HASH };
  return {
    publicKey: createPublicKey(privateKey),
    open: async (ciphertext) => privateDecrypt(key, ciphertext),
  };
}
