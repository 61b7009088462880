import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/** An X25519 key pair; both halves as their 32 bytes. */
export interface KeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
}

/** What a sealed text is bound to: it opens only with the same. */
export interface Binding {
  /** What it is for; one per use, so that a text sealed for one use is not taken for another's. */
  readonly info: string;
  /** What it stands beside, and is not hidden. */
  readonly aad: string;
}

const KEY_BYTES = 32;
const TAG_BYTES = 16;
const SPKI = Buffer.from("302a300506032b656e032100", "hex");
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const VERSION = Buffer.from("HPKE-v1");
/** DHKEM(X25519, HKDF-SHA256). */
const KEM = Buffer.concat([Buffer.from("KEM"), Buffer.of(0x00, 0x20)]);
/** The AEADs of RFC 9180 section 7.3; we seal with AES-256-GCM, published examples use the other as well. */
const AEADS = { "aes-128-gcm": { id: 1, keyBytes: 16 }, "aes-256-gcm": { id: 2, keyBytes: 32 } } as const;
type Aead = keyof typeof AEADS;

/** A new key pair. */
export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: rawPublic(publicKey), privateKey: rawPrivate(privateKey) };
}

/** The key pair in a PKCS #8 PEM. @throws Error when that is no X25519 key. */
export function keyPairOf(pem: string): KeyPair {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "x25519") throw new Error("The wrapping key is no X25519 key.");
  return { publicKey: rawPublic(createPublicKey(privateKey)), privateKey: rawPrivate(privateKey) };
}

/**
 * Encrypts to a public key, so that even who encrypted cannot read it again: HPKE (RFC 9180), base mode, single shot,
 * X25519, HKDF-SHA256, AES-256-GCM.
 *
 * @returns encapsulated key and ciphertext, one after the other.
 */
export function seal(to: Buffer, plaintext: Buffer, { info, aad }: Binding): Buffer {
  const ephemeral = newKeyPair();
  const secret = sharedSecret(ephemeral.privateKey, to, ephemeral.publicKey, to);
  const { key, nonce } = schedule(secret, Buffer.from(info), "aes-256-gcm");
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(aad));
  return Buffer.concat([ephemeral.publicKey, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Decrypts what {@link seal} made.
 *
 * @throws Error when it was made for another key or another binding, or was changed.
 */
export function open(
  own: KeyPair,
  sealed: Buffer,
  { info, aad }: Binding,
  aead: Aead = "aes-256-gcm",
): Buffer {
  const { key, nonce } = openingOf(own, sealed, info, aead);
  const decipher = createDecipheriv(aead, key, nonce).setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(KEY_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** Key and nonce of one sealed text: whoever is given them can open that text, and no other of the same owner. */
export function openingOf(
  own: KeyPair,
  sealed: Buffer,
  info: string,
  aead: Aead = "aes-256-gcm",
): { readonly key: Buffer; readonly nonce: Buffer } {
  const ephemeral = sealed.subarray(0, KEY_BYTES);
  const secret = sharedSecret(own.privateKey, ephemeral, ephemeral, own.publicKey);
  return schedule(secret, Buffer.from(info), aead);
}

/** Section 4.1: what both sides have, and nobody else. */
function sharedSecret(privateKey: Buffer, publicKey: Buffer, enc: Buffer, recipient: Buffer): Buffer {
  const dh = diffieHellman({
    privateKey: createPrivateKey({ key: Buffer.concat([PKCS8, privateKey]), type: "pkcs8", format: "der" }),
    publicKey: createPublicKey({ key: Buffer.concat([SPKI, publicKey]), type: "spki", format: "der" }),
  });
  const prk = extract(KEM, Buffer.alloc(0), "eae_prk", dh);
  return expand(KEM, prk, "shared_secret", Buffer.concat([enc, recipient]), 32);
}

/** Section 5.1, base mode: no pre-shared key. The nonce is that of the first message, and there is no other. */
function schedule(
  secret: Buffer,
  info: Buffer,
  aead: Aead,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const { id, keyBytes } = AEADS[aead];
  const suite = Buffer.concat([Buffer.from("HPKE"), Buffer.of(0x00, 0x20, 0x00, 0x01, 0x00, id)]);
  const none = Buffer.alloc(0);
  const context = Buffer.concat([
    Buffer.of(0),
    extract(suite, none, "psk_id_hash", none),
    extract(suite, none, "info_hash", info),
  ]);
  const prk = extract(suite, secret, "secret", none);
  return {
    key: expand(suite, prk, "key", context, keyBytes),
    nonce: expand(suite, prk, "base_nonce", context, 12),
  };
}

function extract(suite: Buffer, salt: Buffer, label: string, ikm: Buffer): Buffer {
  return createHmac("sha256", salt).update(VERSION).update(suite).update(label).update(ikm).digest();
}

/** One block of HKDF is enough: nothing here is longer than a SHA-256. */
function expand(suite: Buffer, prk: Buffer, label: string, info: Buffer, length: number): Buffer {
  const size = Buffer.of(0, length);
  const block = createHmac("sha256", prk)
    .update(size)
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(info);
  return block.update(Buffer.of(1)).digest().subarray(0, length);
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" }).subarray(SPKI.length);
}

function rawPrivate(key: KeyObject): Buffer {
  return key.export({ type: "pkcs8", format: "der" }).subarray(PKCS8.length);
}
