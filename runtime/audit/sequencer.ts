import type { Database, Queries } from "../service/postgres.ts";
import { checkpointText } from "./checkpoint/checkpoint.ts";
import { noteText, type NoteSigner } from "./checkpoint/note.ts";
import {
  addCheckpoint,
  headOf,
  readInOrder,
  sourcesOf,
  takeLeaves,
  type Cursor,
  type Cursors,
  type Head,
} from "./log.ts";
import { append, rootOf } from "./tree/frontier.ts";
import { splitHashes } from "./tree/hash.ts";

/** What a sequencer is. */
export interface SequencerOptions {
  readonly database: Database;
  /** Signs checkpoints; its name is the log's origin. */
  readonly signer: NoteSigner;
  /** Of the group's failovers. */
  readonly epoch: number;
  readonly clock: () => Date;
  /** Leaves of one source in one batch. */
  readonly limit?: number;
}

/** What one batch came to. `full`: there may be more at once. */
export type Batch =
  | { readonly added: number; readonly full: boolean; readonly head: Head }
  | "another sequencer is at work";

/** Advisory lock of the one sequencer at work; the number means nothing. */
const SEQUENCER_LOCK = 9_162_019;
const BATCH = 10_000;
const START: Cursor = { xid: "0", id: "0" };

/** A tree of a higher epoch is there: another region was promoted, and this one may add nothing. */
export class EpochPassed extends Error {
  override readonly name = "EpochPassed";
}

/**
 * Puts what services have written into the log and signs a checkpoint over it, in one transaction: leaves, tree and
 * checkpoint are there together or not at all, wherever this is killed. Without anything new nothing is signed.
 *
 * Everything it needs stands in the last checkpoint, so that any process may do the next batch; a lock and the
 * checkpoints' own keys let only one continue the tree. A checkpoint becomes known when it is committed, and so covers
 * only what every synchronous standby has written.
 *
 * @throws EpochPassed.
 */
export function sequence(options: SequencerOptions): Promise<Batch> {
  const { database, signer, epoch, clock, limit = BATCH } = options;
  return database.transaction(async (tx) => {
    if (!(await only(tx))) return "another sequencer is at work";
    const before = await headOf(tx);
    if (before.epoch > epoch)
      throw new EpochPassed(
        `The log is at epoch ${before.epoch}, this process at ${epoch}: it adds nothing.`,
      );
    // A clock that was set back does not put leaves into a month before those that precede them.
    const at = new Date(Math.max(clock().getTime(), before.at.getTime()));
    await tx.query("select ensure_month($1)", [at]);
    const { leaves, cursors, full } = await take(tx, before, at, limit);
    if (leaves.length === 0) return { added: 0, full: false, head: before };
    const hashes = splitHashes(leaves);
    const { frontier, nodes } = append(before.frontier, hashes);
    const root = rootOf(frontier);
    const text = checkpointText({ origin: signer.name, size: frontier.size, root, epoch });
    const note = noteText({ text, signatures: [await signer.sign(text)] });
    const head: Head = { frontier, at, epoch, cursors, note };
    await addCheckpoint(tx, { ...head, from: before.frontier.size, root, leaves, nodes });
    return { added: hashes.length, full, head };
  });
}

async function only(tx: Queries): Promise<boolean> {
  const { rows } = await tx.query<{ mine: boolean }>("select pg_try_advisory_xact_lock($1) as mine", [
    SEQUENCER_LOCK,
  ]);
  return rows[0]?.mine === true;
}

async function take(
  tx: Queries,
  before: Head,
  at: Date,
  limit: number,
): Promise<{ readonly leaves: Buffer; readonly cursors: Cursors; readonly full: boolean }> {
  let leaves = Buffer.alloc(0);
  let cursors = before.cursors;
  let full = false;
  const sources = await sourcesOf(tx);
  const lost = Object.keys(before.cursors).find((source) => !sources.includes(source));
  if (lost !== undefined)
    throw new Error(
      `${lost}.audit_leaf cannot be read any more; grant select on it to the role audit again.`,
    );
  await readInOrder(tx);
  for (const source of sources) {
    const from = before.frontier.size + leaves.length / 32;
    const taken = await takeLeaves(tx, source, { after: cursors[source] ?? START, from, at, limit });
    if (taken === undefined) continue;
    leaves = Buffer.concat([leaves, taken.hashes]);
    cursors = { ...cursors, [source]: taken.cursor };
    full ||= taken.hashes.length === 32 * limit;
  }
  return { leaves, cursors, full };
}
