import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { openerInMemory } from "../../key-store/testing/opener-in-memory.ts";
import { newKeyPair } from "./hpke.ts";
import { openedWrapping, pairWrapping, sealTo } from "./wrapping.ts";

const BINDING = { info: "of a customer", aad: "cus-1" };
/** The words of AES-GCM, or of RSAES-OAEP. */
const NOT_OPENED = /unable to authenticate|oaep decoding error|data too large/;
const rsa = () =>
  openedWrapping(openerInMemory(generateKeyPairSync("rsa", { modulusLength: 3_072 }).privateKey));

test.each([
  { kind: "X25519 of a Secret", make: () => pairWrapping(newKeyPair()) },
  { kind: "RSA of wherever it is", make: rsa },
])(
  "what is sealed to a key ($kind) is opened by it, with the same binding, unchanged, and by no other",
  async ({ make }) => {
    const [own, other] = [make(), make()];
    const text = Buffer.from("a customer's private key");
    const sealed = sealTo({ name: own.name, spki: own.spki }, text, BINDING);
    expect(own.name).toHaveLength(32);
    expect(sealed.includes(text)).toBe(false);
    expect(await own.open(sealed, BINDING)).toEqual(text);
    await expect(other.open(sealed, BINDING)).rejects.toThrow(NOT_OPENED);
    await expect(own.open(sealed, { ...BINDING, aad: "cus-2" })).rejects.toThrow("unable to authenticate");
    await expect(own.open(sealed, { ...BINDING, info: "of another" })).rejects.toThrow(
      "unable to authenticate",
    );
    for (const place of [0, sealed.length - 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[place] = (changed[place] ?? 0) ^ 1;
      await expect(own.open(changed, BINDING)).rejects.toThrow(NOT_OPENED);
    }
    expect(sealTo(own, text, BINDING)).not.toEqual(sealed);
  },
);

test("a key that is too short for many years is refused", () => {
  const short = openerInMemory(generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey);
  expect(() => openedWrapping(short)).toThrow("an RSA key of at least 3072 bits");
});
