import { createPublicKey, type KeyObject } from "node:crypto";
import { KeyStoreError } from "../error.ts";
import type { OpeningKey } from "../opener.ts";
import { dataOf } from "./answer.ts";
import type { OpenBao } from "./client.ts";
import { OPENER_TYPE } from "./settings.ts";
import { toldOf } from "./version.ts";

/**
 * The versions of an RSA key of OpenBao's or Vault's transit engine, which opens there, newest first: each is a key of its own.
 * An archived one is not among them.
 *
 * @throws KeyStoreError when the store does not tell, or has no such key.
 */
export async function transitOpeners(bao: OpenBao, name: string): Promise<readonly OpeningKey[]> {
  const { newestFirst } = await toldOf(bao, name, OPENER_TYPE);
  return newestFirst.map(({ version, publicKey }) => {
    const path = `${bao.settings.mount}/keys/${name}`;
    return transitOpener(bao, name, version, publicKeyOf(publicKey, path));
  });
}

function transitOpener(bao: OpenBao, name: string, version: number, publicKey: KeyObject): OpeningKey {
  const { address, mount } = bao.settings;
  return {
    publicKey,
    async open(ciphertext) {
      const boxed = Buffer.from(ciphertext).toString("base64");
      const answer = await bao.open(`${mount}/decrypt/${name}`, { ciphertext: `vault:v${version}:${boxed}` });
      const { plaintext } = dataOf(answer);
      if (answer.status === 200 && typeof plaintext === "string") return Buffer.from(plaintext, "base64");
      throw new KeyStoreError(
        "no key",
        `The key store ${address} does not open by version ${version} of ${mount}/keys/${name} (${answer.status}: ${answer.errors}).`,
      );
    },
  };
}

function publicKeyOf(text: string, path: string): KeyObject {
  try {
    return createPublicKey(text);
  } catch (cause) {
    throw new KeyStoreError("malformed", `The public key of ${path} cannot be read.`, { cause });
  }
}
