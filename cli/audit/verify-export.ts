import { GrowingTree, hashLeaf } from "./merkle.ts";
import { readCheckpoint, type Checkpoint, type LogKey } from "./note.ts";
import { numbered, parsed, type Fault } from "./line.ts";
import { isText } from "./shape.ts";
import { rowsOf, type Row } from "./rows.ts";

/** Where an export begins: all that is needed to go on from what came before. */
export interface Start {
  /** Leaves before this export. */
  readonly size: number;
  /** Roots of the full subtrees of those, base64, the largest first. */
  readonly peaks: readonly string[];
  /** Signed checkpoint of that size; absent at the beginning of the log. */
  readonly checkpoint?: string;
}

/** The lines of an export. */
export interface ExportedLines {
  readonly start: Start;
  /** `{"index": 7, "leaf": "<canonical JSON>"}` each. */
  readonly leaves: AsyncIterable<string>;
  /** `{"note": "<signed checkpoint>", "hashes": "<base64 of the hashes of the leaves it adds>"}` each. */
  readonly checkpoints: AsyncIterable<string>;
}

/** What was found. */
export interface Verdict {
  /** Leaves covered by a signature that holds and by the words themselves. */
  readonly from: number;
  readonly to: number;
  readonly checkpoints: number;
  /** Signed sizes with their roots (base64), the beginning's too, to compare with checkpoints seen elsewhere. */
  readonly roots: ReadonlyMap<number, string>;
  /** The newest of the signed checkpoints, as it came; undefined when none can be believed. */
  readonly newest: string | undefined;
  readonly faults: readonly Fault[];
}

interface CheckpointLine {
  readonly note: string;
  readonly hashes: string;
}

/**
 * Proves that the leaves of an export are those that were signed: it builds the whole tree anew and compares it with
 * every checkpoint, so each of them holds all leaves before it, in their places, and every later one begins with every
 * earlier one. What does not fit is named by its place.
 */
export async function verifyExport(
  { start, leaves, checkpoints }: ExportedLines,
  log: LogKey,
): Promise<Verdict> {
  const faults: Fault[] = [];
  const roots = new Map<number, string>();
  const begun = beginning(start, log, faults);
  // Without a beginning there is nothing to go on from: no leaf has a place then.
  const nothing = { from: start.size, to: start.size, checkpoints: 0, roots, newest: undefined, faults };
  if (begun === undefined) return nothing;
  let tree = begun;
  // What came before is seen again under its own checkpoint: the month's neighbour, or a copy kept since then, meets it here.
  if (start.size > 0 && faults.length === 0) roots.set(start.size, tree.root().toString("base64"));
  const rows = rowsOf(leaves, start.size, faults);
  let count = 0;
  let epoch = 0;
  let newest = start.checkpoint;
  for await (const { number, text } of numbered(checkpoints)) {
    const where = `checkpoints.ndjson line ${number}`;
    count += 1;
    const line = parsed<CheckpointLine>(text, { note: isText, hashes: areHashes }, where, faults);
    // The next checkpoint covers what this one did.
    if (line === undefined) continue;
    const checkpoint = believed(line.note, log, where, faults);
    const kept = hashesOf(line.hashes);
    const end = checkpoint?.size ?? tree.size + kept.length;
    if (tree.size + kept.length !== end)
      faults.push({
        where,
        what: `follows ${tree.size} leaves with ${kept.length} more and signs ${end}: a line before it is missing, or its hashes were changed`,
      });
    if (checkpoint !== undefined && checkpoint.epoch < epoch)
      faults.push({ where, what: `is of epoch ${checkpoint.epoch}, after one of epoch ${epoch}` });
    epoch = Math.max(epoch, checkpoint?.epoch ?? 0);
    const words = await rows.upTo(end);
    // Where a line is missing, the leaves' words stand for its hashes; the next root tells whether they are right.
    const gap = Math.max(0, words.length - kept.length);
    const hashes = words.map((row, n) => (n < gap ? hashOfRow(row) : (kept[n - gap] ?? hashOfRow(row))));
    tree = judge({ tree, hashes, words, checkpoint, where }, faults);
    if (checkpoint === undefined) continue;
    roots.set(checkpoint.size, checkpoint.root.toString("base64"));
    newest = line.note;
  }
  for (const row of await rows.rest()) faults.push({ where: row, what: "is covered by no checkpoint" });
  return { from: start.size, to: tree.size, checkpoints: count, roots, newest, faults };
}

/** A leaf that is missing has no hash, and so no root will be right. */
function hashOfRow(row: Row | undefined): Buffer {
  return row === undefined ? Buffer.alloc(32) : hashLeaf(row.leaf);
}

/** Undefined when there is no such tree. */
function beginning(
  { size, peaks, checkpoint }: Start,
  log: LogKey,
  faults: Fault[],
): GrowingTree | undefined {
  const where = "manifest.json, start";
  const hashes = peaks.map((peak) => Buffer.from(peak, "base64"));
  const bits = size < 0 ? -1 : size.toString(2).replaceAll("0", "").length;
  if (hashes.length !== bits || hashes.some(({ length }) => length !== 32)) {
    faults.push({ where, what: `is no tree of ${size} leaves; what follows cannot be proved` });
    return undefined;
  }
  const tree = new GrowingTree(size, hashes);
  if (size === 0) return tree;
  const signed = checkpoint === undefined ? undefined : believed(checkpoint, log, where, faults);
  if (signed === undefined) faults.push({ where, what: "has no checkpoint that can be believed" });
  else if (signed.size !== size || !signed.root.equals(tree.root()))
    faults.push({ where, what: "is not the tree that its checkpoint signs" });
  return tree;
}

/** One stretch of leaves, between two checkpoints. */
interface Stretch {
  readonly tree: GrowingTree;
  /** As the checkpoint's line keeps them. */
  readonly hashes: readonly Buffer[];
  /** The leaves' own words, by index; a missing one is undefined. */
  readonly words: readonly (Row | undefined)[];
  readonly checkpoint: Checkpoint | undefined;
  readonly where: string;
}

/** Compares words, hashes and signed root: two that agree tell who of the three was changed. */
function judge({ tree, hashes, words, checkpoint, where }: Stretch, faults: Fault[]): GrowingTree {
  const first = tree.size;
  const own = words.map((row) => (row === undefined ? undefined : hashLeaf(row.leaf)));
  const kept = grown(tree, hashes);
  const changed = hashes.flatMap((hash, n) => (own[n] === undefined || own[n].equals(hash) ? [] : [n]));
  if (changed.length === 0) {
    if (checkpoint !== undefined && !kept.root().equals(checkpoint.root))
      faults.push({
        where: stretch(first, hashes.length),
        what: `are not the leaves that ${where} signs; they were changed together with their hashes`,
      });
    return kept;
  }
  const whole = own.every((hash) => hash !== undefined);
  const byWords = whole ? grown(tree, own) : undefined;
  if (checkpoint !== undefined && byWords?.root().equals(checkpoint.root) === true) {
    for (const n of changed)
      faults.push({
        where,
        what: `keeps another hash of leaf ${first + n} than was signed; the leaf is whole`,
      });
    return byWords;
  }
  for (const n of changed)
    faults.push({ where: words[n]?.where ?? `leaf ${first + n}`, what: `leaf ${first + n} was changed` });
  if (checkpoint !== undefined && !kept.root().equals(checkpoint.root))
    faults.push({
      where: stretch(first, hashes.length),
      what: `are not the leaves that ${where} signs, nor are the hashes kept with it`,
    });
  return kept;
}

function stretch(first: number, count: number): string {
  return `leaves ${first} to ${first + count - 1}`;
}

function grown(tree: GrowingTree, hashes: readonly Buffer[]): GrowingTree {
  const next = tree.copy();
  for (const hash of hashes) next.add(hash);
  return next;
}

function believed(note: string, log: LogKey, where: string, faults: Fault[]): Checkpoint | undefined {
  try {
    return readCheckpoint(note, log);
  } catch (error) {
    faults.push({
      where,
      what: `the checkpoint cannot be believed. ${error instanceof Error ? error.message : ""}`,
    });
    return undefined;
  }
}

function hashesOf(encoded: string): readonly Buffer[] {
  const bytes = Buffer.from(encoded, "base64");
  return Array.from({ length: bytes.length / 32 }, (_, n) => bytes.subarray(32 * n, 32 * n + 32));
}

/** Whole hashes, spelt in base64 as they only can be. */
function areHashes(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const bytes = Buffer.from(value, "base64");
  return bytes.length % 32 === 0 && bytes.toString("base64") === value;
}
