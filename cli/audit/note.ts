import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";

/** The key that checkpoints must be signed with, as somebody trustworthy gave it. */
export interface LogKey {
  /** The log's origin. */
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
 * Reads a verifier key: `<name>+<key id>+<key>` (C2SP signed-note).
 *
 * @throws Error when it is none.
 */
export function logKey(text: string): LogKey {
  const parts = text.trim().split("+");
  const [name = "", id = ""] = parts;
  // Base64 has plus signs of its own.
  const typed = Buffer.from(parts.slice(2).join("+"), "base64");
  const own = createHash("sha256").update(`${name}\n`).update(typed).digest().subarray(0, 4);
  if (typed.length !== 33 || typed[0] !== 1 || own.toString("hex") !== id)
    throw new Error(
      `${text.trim()} is no verifier key of a log: expected <name>+<8 hex digits>+<base64>, copied whole.`,
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
export function signed(text: string, lines: string, { name, id, key }: LogKey): boolean {
  return lines.split("\n").some((line) => {
    const [dash, signer, encoded = "", ...more] = line.split(" ");
    const bytes = Buffer.from(encoded, "base64");
    if (dash !== "—" || signer !== name || bytes.toString("base64") !== encoded || more.length > 0)
      return false;
    return bytes.subarray(0, 4).equals(id) && verify(undefined, Buffer.from(text), key, bytes.subarray(4));
  });
}
