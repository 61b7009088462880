import { createPrivateKey, hash, verify, type KeyObject } from "node:crypto";
import { ed25519From, rawEd25519 } from "../../../key-store/ed25519.ts";
import { embeddedKey } from "../../../key-store/embedded.ts";
import type { Key } from "../../../key-store/key.ts";

/** What a signature in a note stands for (C2SP signed-note, tlog-cosignature). */
export const ALGORITHM = { ed25519: 1, cosignature: 4 } as const;
type Algorithm = (typeof ALGORITHM)[keyof typeof ALGORITHM];

/** Who signs notes: a name, and an Ed25519 key. */
export interface NoteSigner {
  readonly name: string;
  /** `<name>+<key id>+<key>`: what whoever verifies must know, and get from somewhere else than the note. */
  readonly verifierKey: string;
  /** @throws KeyStoreError when the key is in a store that gives none. */
  sign(text: string): Promise<NoteSignature>;
}

/** Whose signatures are believed. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Buffer;
}

/** A text with the signatures under it. */
export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;

/**
 * A signer of notes whose key is in this process.
 *
 * @param privateKey Ed25519, PKCS #8 in PEM.
 * @param algorithm as {@link noteSignerWith}.
 */
export function noteSigner(name: string, privateKey: string, algorithm?: Algorithm): NoteSigner {
  return noteSignerWith(name, embeddedKey(name, createPrivateKey(privateKey)), algorithm);
}

/**
 * A signer of notes.
 *
 * @param algorithm what its verifier key says it signs with; the signer itself signs texts as they are.
 * @throws Error when the key is not Ed25519.
 */
export function noteSignerWith(name: string, key: Key, algorithm: Algorithm = ALGORITHM.ed25519): NoteSigner {
  if (key.algorithm !== "EdDSA") throw new Error(`The key ${key.id} signs no notes; it must be Ed25519.`);
  const typed = Buffer.concat([Buffer.of(algorithm), rawEd25519(key.publicKey)]);
  const keyId = keyIdOf(name, typed);
  return {
    name,
    verifierKey: `${name}+${keyId.toString(16).padStart(8, "0")}+${typed.toString("base64")}`,
    sign: async (text) => ({ name, keyId, signature: await key.sign(Buffer.from(text)) }),
  };
}

/**
 * Reads a verifier key.
 *
 * @throws Error when it is none, or its parts contradict each other.
 */
export function noteVerifier(verifierKey: string): NoteVerifier {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(verifierKey) ?? [];
  const typed = Buffer.from(encoded ?? "", "base64");
  const algorithm = Object.values(ALGORITHM).find((value) => value === typed[0]);
  if (name === undefined || algorithm === undefined || typed.length !== 33)
    throw new Error(
      `${verifierKey} is no verifier key: expected <name>+<8 hex digits>+<base64 of an Ed25519 key>.`,
    );
  const keyId = keyIdOf(name, typed);
  if (keyId !== Number.parseInt(id ?? "", 16))
    throw new Error(`The key id of verifier key ${verifierKey} is not that of its key; was it copied whole?`);
  return { name, keyId, algorithm, key: ed25519From(typed.subarray(1)) };
}

/** First four bytes of SHA-256 over name, newline and typed key. */
function keyIdOf(name: string, typedKey: Buffer): number {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typedKey]), "buffer").readUInt32BE();
}

/** The note as it travels. */
export function noteText({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(signatureLine).join("")}`;
}

/** A line under a note. */
export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(4);
  id.writeUInt32BE(keyId);
  return `— ${name} ${Buffer.concat([id, signature]).toString("base64")}\n`;
}

/**
 * Reads a note; whose signatures hold is another question ({@link signedBy}).
 *
 * @throws Error when it is none.
 */
export function parseNote(note: string): Note {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n"))
    throw new Error("No note: a text, an empty line, and signatures are expected.");
  return { text: note.slice(0, end + 1), signatures: parseSignatures(note.slice(end + 2)) };
}

/** Reads signature lines. @throws Error when a line is none. */
export function parseSignatures(lines: string): readonly NoteSignature[] {
  return lines
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
      const bytes = Buffer.from(encoded ?? "", "base64");
      // One spelling per signature: base64 leaves some last bits open.
      if (name === undefined || bytes.length < 5 || bytes.toString("base64") !== encoded)
        throw new Error(`No signature line: ${line}`);
      return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(4) };
    });
}

/** Whether a note bears a signature of this verifier that holds. */
export function signedBy({ text, signatures }: Note, { name, keyId, algorithm, key }: NoteVerifier): boolean {
  return signatures.some((line) => {
    if (line.name !== name || line.keyId !== keyId) return false;
    if (algorithm === ALGORITHM.ed25519) return verify(undefined, Buffer.from(text), key, line.signature);
    if (line.signature.length !== 72) return false;
    const time = line.signature.readBigUInt64BE();
    return verify(undefined, Buffer.from(cosigned(text, time)), key, line.signature.subarray(8));
  });
}

/** What a cosignature signs (C2SP tlog-cosignature, cosignature/v1). */
function cosigned(text: string, time: bigint): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

/** The signature of a witness under a checkpoint: that it has seen no other tree of this origin until `at`. */
export async function cosign(text: string, signer: NoteSigner, at: Date): Promise<NoteSignature> {
  const time = BigInt(Math.floor(at.getTime() / 1000));
  const { name, keyId, signature } = await signer.sign(cosigned(text, time));
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(time);
  return { name, keyId, signature: Buffer.concat([stamp, signature]) };
}
