import { parseCheckpoint, type Checkpoint } from "../checkpoint/checkpoint.ts";
import {
  cosign,
  parseNote,
  signatureLine,
  signedBy,
  type NoteSigner,
  type NoteVerifier,
} from "../checkpoint/note.ts";
import { EMPTY_ROOT, HASH_BYTES } from "../tree/hash.ts";
import { provesConsistency, type TreeHead } from "../tree/verify.ts";

/** What a log asks of its witness: to sign a larger tree, with the proof that it begins with the one signed last. */
export interface AddCheckpoint {
  /** Size of the tree that the log believes was signed last. */
  readonly old: number;
  readonly proof: readonly Buffer[];
  /** Signed note. */
  readonly note: string;
}

/** What the witness answers: 200 with its signature line, or why not. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly body: string;
  /** To be remembered before the answer is given; only with 200. */
  readonly seen?: Checkpoint;
}

/**
 * Reads the body of `add-checkpoint` (C2SP tlog-witness).
 *
 * @throws Error when it is none.
 */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf("\n\n");
  const [first = "", ...lines] = body.slice(0, end).split("\n");
  const old = /^old (0|[1-9]\d{0,15})$/.exec(first)?.[1];
  const proof = lines.map((line) => Buffer.from(line, "base64"));
  if (end < 0 || old === undefined || proof.length > 63 || proof.some(({ length }) => length !== HASH_BYTES))
    throw new Error("Expected `old <size>`, at most 63 lines of proof, an empty line and a checkpoint.");
  return { old: Number(old), proof, note: body.slice(end + 2) };
}

/** The body of `add-checkpoint`. */
export function addCheckpointText({ old, proof, note }: AddCheckpoint): string {
  return [`old ${old}`, ...proof.map((hash) => hash.toString("base64")), "", note].join("\n");
}

/** What a witness decides by. */
export interface WitnessView {
  /** The tree of this log that was signed last. */
  readonly last: TreeHead | undefined;
  /** The log's key; undefined for one that is not witnessed here. */
  readonly log: NoteVerifier | undefined;
  readonly signer: NoteSigner;
  readonly now: Date;
}

/**
 * Signs a log's tree, when it begins with the one signed last. Of two histories of one log a witness so signs one, and the
 * other cannot get its signature; a smaller tree cannot either.
 *
 * Source: C2SP tlog-witness, `add-checkpoint`, for the status codes.
 */
export async function witness(
  { old, proof, note }: AddCheckpoint,
  { last, log, signer, now }: WitnessView,
): Promise<WitnessAnswer> {
  if (log === undefined) return { status: 404, body: "this log is not witnessed here\n" };
  const signed = parseNote(note);
  if (!signedBy(signed, log)) return { status: 403, body: `no signature of ${log.name} that holds\n` };
  const next = parseCheckpoint(signed.text);
  const before = last ?? { size: 0, root: EMPTY_ROOT };
  if (old > next.size) return { status: 400, body: "the old tree is larger than the new one\n" };
  if (old !== before.size) return { status: 409, body: `${before.size}\n` };
  if (next.size === before.size && !next.root.equals(before.root))
    return { status: 409, body: `${before.size}\n` };
  if (!provesConsistency(before, next, proof))
    return { status: 422, body: "the proof does not show that the new tree begins with the old one\n" };
  return { status: 200, body: signatureLine(await cosign(signed.text, signer, now)), seen: next };
}

/** Origin of the checkpoint in a note; undefined when it is none. */
export function originIn(note: string): string | undefined {
  return note.split("\n", 1)[0] || undefined;
}
