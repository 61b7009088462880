import { createDecipheriv, createHash } from "node:crypto";
import type { Fault } from "./line.ts";
import { hashLeaf, rootByProof } from "./merkle.ts";
import { readCheckpoint, type Checkpoint, type LogKey } from "./note.ts";
import { has, isListOf, isText, readAs } from "./shape.ts";

/** What a log says of one consent or payment, with all that proves it. */
export interface Proofs {
  readonly subject: string;
  /** Signed note. */
  readonly checkpoint: string;
  readonly leaves: readonly PackLeaf[];
  readonly texts: readonly { readonly name: string; readonly text: string }[];
}

/** Everything that is known of one consent or payment, as the audit service hands it out. */
export interface DisputePack extends Proofs {
  readonly format: "wekeza-dispute-pack/1";
  /** What the bank's tables say today; nothing proves that. */
  readonly records: readonly object[];
}

/** A leaf with its path to the checkpoint's root. */
export interface PackLeaf {
  readonly index: number;
  readonly leaf: string;
  readonly proof: readonly string[];
  readonly opening?: { readonly key: string; readonly nonce: string };
}

/** Something that happened, proved. */
export interface ProvedEvent {
  readonly index: number;
  readonly at: string;
  readonly type: string;
  /** The leaf's words, what is encrypted apart. */
  readonly said: Readonly<Record<string, unknown>>;
  /** Personal fields, when the pack opens them. */
  readonly personal: unknown;
  /** The proved leaf that says that the key of these personal fields was destroyed: nobody can open them. */
  readonly erasedBy: number | undefined;
}

/** What a pack proves. */
export interface PackVerdict {
  readonly checkpoint: Checkpoint | undefined;
  readonly events: readonly ProvedEvent[];
  /** Texts whose hash stands in a proved leaf. */
  readonly texts: Proofs["texts"];
  readonly faults: readonly Fault[];
}

/** Texts by what they are called, with the member of a leaf that has their hash. */
const HASH_OF: ReadonlyMap<string, string> = new Map([
  ["what was asked for", "requestHash"],
  ["what was asked for before its migration", "formerHash"],
  ["the policy", "policyHash"],
  ["what the customer was shown", "shownHash"],
  ["what was to be paid", "initiationHash"],
]);

const isPack = has({
  format: (value) => value === "wekeza-dispute-pack/1",
  subject: isText,
  checkpoint: isText,
  leaves: isListOf(
    has(
      { index: Number.isSafeInteger, leaf: isText, proof: isListOf(isText) },
      { opening: has({ key: isText, nonce: isText }) },
    ),
  ),
  texts: isListOf(has({ name: isText, text: isText })),
  records: isListOf((value) => typeof value === "object"),
});

/**
 * Reads a dispute pack.
 *
 * @throws Error when it is none.
 */
export function readPack(text: string): DisputePack {
  return readAs(text, isPack, "dispute pack") as DisputePack;
}

/** Checks every leaf of a pack against its signed checkpoint, and every text against the leaves. */
export function verifyPack(pack: Proofs, log: LogKey): PackVerdict {
  const faults: Fault[] = [];
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = readCheckpoint(pack.checkpoint, log);
  } catch (error) {
    faults.push({ where: "checkpoint", what: error instanceof Error ? error.message : String(error) });
  }
  const proved = pack.leaves.filter((leaf) => checkpoint !== undefined && included(leaf, checkpoint));
  for (const { index } of pack.leaves.filter((leaf) => !proved.includes(leaf)))
    faults.push({
      where: `leaf ${index}`,
      what: "is not proved to be in the log: it, its place or its proof was changed",
    });
  const shredded = new Map(proved.flatMap(shreddedIn));
  const events = proved.map((leaf) => eventOf(leaf, faults, shredded));
  const whole = proved.length === pack.leaves.length;
  if (whole && !events.some(({ said }) => Object.values(said).includes(pack.subject)))
    faults.push({ where: pack.subject, what: "is in none of the leaves that are proved" });
  const texts = pack.texts.filter(({ name, text }) => {
    const member = HASH_OF.get(name);
    const hash = createHash("sha256").update(text).digest("hex");
    return member !== undefined && events.some(({ said }) => said[member] === hash);
  });
  for (const { name } of pack.texts.filter((text) => !texts.includes(text)))
    faults.push({ where: name, what: "is no text whose hash stands there for it in a leaf: it was changed" });
  return { checkpoint, events, texts, faults };
}

function included({ index, leaf, proof }: PackLeaf, { size, root }: Checkpoint): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  const hashes = proof.map((hash) => Buffer.from(hash, "base64"));
  // One spelling per hash: what reads base64 passes over much that is none.
  if (hashes.some((hash, n) => hash.length !== 32 || hash.toString("base64") !== proof[n])) return false;
  return rootByProof(hashLeaf(leaf), index, size, hashes)?.equals(root) === true;
}

/** Whose key a leaf says was destroyed. */
function shreddedIn({ index, leaf }: PackLeaf): readonly [customer: string, index: number][] {
  const { type, customer } = JSON.parse(leaf) as { readonly type?: string; readonly customer?: string };
  return type === "audit.shredded" && customer !== undefined ? [[customer, index]] : [];
}

function eventOf(
  { index, leaf, opening }: PackLeaf,
  faults: Fault[],
  shredded: ReadonlyMap<string, number>,
): ProvedEvent {
  const said = JSON.parse(leaf) as Readonly<Record<string, unknown>>;
  const { at, type, personal } = said as {
    readonly at?: string;
    readonly type?: string;
    readonly personal?: { readonly customer: string; readonly sealed?: string };
  };
  let opened: unknown;
  if (opening !== undefined && personal?.sealed !== undefined) {
    try {
      opened = unsealed(leaf, personal.sealed, opening);
    } catch {
      faults.push({
        where: `leaf ${index}`,
        what: "has personal fields that the key given for them does not open",
      });
    }
  }
  const erasedBy =
    personal?.sealed === undefined || opening !== undefined ? undefined : shredded.get(personal.customer);
  return { index, at: at ?? "", type: type ?? "", said, personal: opened, erasedBy };
}

/** HPKE's ciphertext (RFC 9180): 32 bytes of encapsulated key, the encrypted fields, a tag of 16. */
function unsealed(leaf: string, sealed: string, { key, nonce }: NonNullable<PackLeaf["opening"]>): unknown {
  const box = Buffer.from(sealed, "base64url");
  const [secret, once] = [Buffer.from(key, "base64"), Buffer.from(nonce, "base64")];
  if (secret.toString("base64") !== key) throw new Error("A key is spelt in one way.");
  const cipher = createDecipheriv("aes-256-gcm", secret, once);
  // Bound to the rest of its leaf; canonical JSON has one place for the member and one spelling.
  cipher.setAAD(Buffer.from(leaf.replace(`,"sealed":"${sealed}"`, "")));
  cipher.setAuthTag(box.subarray(-16));
  return JSON.parse(
    Buffer.concat([cipher.update(box.subarray(32, -16)), cipher.final()]).toString(),
  ) as unknown;
}
