import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";

/** The key that checkpoints must be signed or witnessed with, as somebody trustworthy gave it. */
export interface LogKey {
  /** The log's origin, or what the witness is called. */
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** What a signed checkpoint says. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly epoch: number;
}

/**
 * Reads the verifier key of a log: `<name>+<key id>+<key>` (C2SP signed-note).
 *
 * @throws Error when it is none.
 */
export function logKey(text: string): LogKey {
  return verifierKey(text, 1, "a log");
}

/**
 * Reads the verifier key of a witness (C2SP tlog-cosignature).
 *
 * @throws Error when it is none.
 */
export function witnessKey(text: string): LogKey {
  return verifierKey(text, 4, "a witness");
}

function verifierKey(text: string, type: number, whose: string): LogKey {
  const parts = text.trim().split("+");
  const [name = "", id = ""] = parts;
  // Base64 has plus signs of its own.
  const typed = Buffer.from(parts.slice(2).join("+"), "base64");
  const own = createHash("sha256").update(`${name}\n`).update(typed).digest().subarray(0, 4);
  if (typed.length !== 33 || typed[0] !== type || own.toString("hex") !== id)
    throw new Error(
      `${text.trim()} is no verifier key of ${whose}: expected <name>+<8 hex digits>+<base64>, copied whole.`,
    );
  const jwk = { kty: "OKP", crv: "Ed25519", x: typed.subarray(1).toString("base64url") };
  return { name, id: own, key: createPublicKey({ key: jwk, format: "jwk" }) };
}

/**
 * Reads a signed checkpoint (C2SP tlog-checkpoint).
 *
 * @throws Error that says why it is not to be believed.
 */
export function readCheckpoint(note: string, log: LogKey): Checkpoint {
  const text = signedText(note, log);
  const [origin, size = "", root = "", ...more] = text.split("\n");
  if (origin !== log.name) throw new Error(`It is of the log ${origin}, not of ${log.name}.`);
  const bytes = Buffer.from(root, "base64");
  if (!/^(?:0|[1-9]\d{0,15})$/.test(size) || bytes.length !== 32)
    throw new Error("Size or root cannot be read.");
  const epoch = more.find((line) => /^epoch \d+$/.test(line)) ?? "epoch 0";
  return { size: Number(size), root: bytes, epoch: Number(epoch.slice("epoch ".length)) };
}

/** The text of a note that this log signed. @throws Error when it did not. */
export function signedText(note: string, log: LogKey): string {
  const end = note.lastIndexOf("\n\n") + 1;
  const text = note.slice(0, end);
  if (!signed(text, note.slice(end + 1), log))
    throw new Error(
      `It bears no signature of ${log.name} that holds: it was changed, or signed by somebody else.`,
    );
  return text;
}

/** Whether one of the signature lines is this log's over the text. */
export function signed(text: string, lines: string, log: LogKey): boolean {
  return signaturesOf(lines, log).some((bytes) => verify(undefined, Buffer.from(text), log.key, bytes));
}

/** Whether a note bears the cosignature of a witness, of whatever time. */
export function cosigned(note: string, witness: LogKey): boolean {
  const end = note.lastIndexOf("\n\n") + 1;
  return signaturesOf(note.slice(end + 1), witness).some((bytes) => {
    if (bytes.length !== 72) return false;
    const words = `cosignature/v1\ntime ${bytes.readBigUInt64BE()}\n${note.slice(0, end)}`;
    return verify(undefined, Buffer.from(words), witness.key, bytes.subarray(8));
  });
}

/** What stands in the lines that name this key, behind its id. */
function signaturesOf(lines: string, { name, id }: LogKey): readonly Buffer[] {
  return lines.split("\n").flatMap((line) => {
    const [dash, signer, encoded = "", ...more] = line.split(" ");
    const bytes = Buffer.from(encoded, "base64");
    const mine = dash === "—" && signer === name && bytes.toString("base64") === encoded && more.length === 0;
    return mine && bytes.subarray(0, 4).equals(id) ? [bytes.subarray(4)] : [];
  });
}
