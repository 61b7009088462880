import { writeAuditLeaf } from "../service/audit-leaf.ts";
import type { Database } from "../service/postgres.ts";
import { parseCheckpoint } from "./checkpoint/checkpoint.ts";
import { parseNote } from "./checkpoint/note.ts";
import { headOf } from "./log.ts";

/** Who goes on with a log, and from when. */
export interface Epoch {
  readonly origin: string;
  readonly number: number;
  readonly region: string;
}

/**
 * Declares a new epoch as a leaf of the log: who continues it, and from which tree. What a lost region had signed beyond
 * that tree is a fork, and this leaf is where it was declared.
 *
 * @returns false when this epoch is declared already.
 */
export function declareEpoch(
  database: Database,
  { origin, number, region }: Epoch,
  at: Date,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    // Two processes of one epoch start at once: the second one waits, and sees the first one's leaf.
    await tx.query("select pg_advisory_xact_lock($1)", [EPOCH_LOCK]);
    const { rows } = await tx.query<{ declared: boolean }>(
      `select exists (select from audit_leaf where leaf::jsonb ->> 'type' = 'audit.epoch'
         and (leaf::jsonb ->> 'epoch')::bigint >= $1) as declared`,
      [number],
    );
    if (rows[0]?.declared === true) return false;
    const { note } = await headOf(tx);
    const last = note === "" ? undefined : parseCheckpoint(parseNote(note).text);
    const after = last && { epoch: last.epoch, size: last.size, root: last.root.toString("base64") };
    const value = { type: "audit.epoch", at: at.toISOString(), epoch: number, region, after };
    await writeAuditLeaf(tx, { at, subject: origin, value });
    return true;
  });
}

/** Advisory lock of whoever declares an epoch; the number means nothing. */
const EPOCH_LOCK = 9_162_020;
