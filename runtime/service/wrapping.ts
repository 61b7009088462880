import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  hash,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { LEAST_BITS, OAEP_HASH, type OpeningKey } from "../../key-store/opener.ts";
import { type Binding, type KeyPair, open, seal } from "./hpke.ts";

/** What customers' keys are sealed to, by its public half. */
export interface WrappingKey {
  /** 32 octets that it is known by: an X25519 key itself, of an RSA key the SHA-256 of {@link spki}. */
  readonly name: Buffer;
  /** SubjectPublicKeyInfo (DER) of an RSA key; absent: the key is X25519. */
  readonly spki?: Buffer | undefined;
}

/** A wrapping key with whoever opens what was sealed to it. */
export interface Wrapping extends WrappingKey {
  /** @throws Error when it was sealed to another key or with another binding, or was changed; KeyStoreError. */
  open(sealed: Buffer, binding: Binding): Promise<Buffer>;
}

const NONCE = Buffer.alloc(12);
const TAG_BYTES = 16;

/** The one whose private half a Secret holds: HPKE, X25519. */
export function pairWrapping(pair: KeyPair): Wrapping {
  return { name: pair.publicKey, open: async (sealed, binding) => open(pair, sealed, binding) };
}

/** One whose private half is wherever it is. @throws Error when the key is no RSA key of 3,072 bits or more. */
export function openedWrapping(key: OpeningKey): Wrapping {
  const octets = octetsOf(key.publicKey);
  const spki = key.publicKey.export({ format: "der", type: "spki" });
  return {
    name: nameOf(spki),
    spki,
    async open(sealed, binding) {
      const secret = await key.open(sealed.subarray(0, octets));
      const decipher = createDecipheriv("aes-256-gcm", secret, NONCE).setAAD(bound(binding));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(octets, -TAG_BYTES)), decipher.final()]);
    },
  };
}

/**
 * Encrypts to a wrapping key, so that even who encrypted cannot read it again.
 *
 * To an RSA key: RSAES-OAEP of a new secret, then AES-256-GCM under that secret, which encrypts nothing else, so its nonce is
 * zero; the binding is authenticated.
 */
export function sealTo({ name, spki }: WrappingKey, plaintext: Buffer, binding: Binding): Buffer {
  if (!spki) return seal(name, plaintext, binding);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  octetsOf(publicKey);
  const secret = randomBytes(32);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const box = publicEncrypt({ key: publicKey, padding, oaepHash: OAEP_HASH }, secret);
  const cipher = createCipheriv("aes-256-gcm", secret, NONCE).setAAD(bound(binding));
  return Buffer.concat([box, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The name of an RSA key. */
export function nameOf(spki: Buffer): Buffer {
  return hash("sha256", spki, "buffer");
}

function bound({ info, aad }: Binding): Buffer {
  return Buffer.from(JSON.stringify([info, aad]));
}

/** How long what is encrypted to it is. */
function octetsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): number {
  const { modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === "rsa" && modulusLength >= LEAST_BITS) return modulusLength / 8;
  throw new Error(`A wrapping key in a store is an RSA key of at least ${LEAST_BITS} bits.`);
}
