import { writeAuditLeaf } from "../service/audit-leaf.ts";
import type { Database } from "../service/postgres.ts";
import { parseCheckpoint } from "./checkpoint/checkpoint.ts";
import { parseNote } from "./checkpoint/note.ts";
import type { TreeHead } from "./tree/verify.ts";
import { headOf } from "./log.ts";

/** Who goes on with a log, and from when. */
export interface Epoch {
  readonly origin: string;
  readonly number: number;
  readonly region: string;
  /** The last tree of this log that a witness has signed, where there is a witness. */
  readonly witnessed?: TreeHead;
}

/**
 * Declares a new epoch as a leaf of the log: who continues it, and from which tree. When a witness has signed a larger
 * tree, the lost region had written leaves that never reached this one: the leaf then says where the histories part.
 *
 * @returns false when this epoch is declared already.
 */
export function declareEpoch(
  database: Database,
  { origin, number, region, witnessed }: Epoch,
  at: Date,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    // Two processes of one epoch start at once: the second one waits, and sees the first one's leaf.
    await tx.query("select pg_advisory_xact_lock($1)", [EPOCH_LOCK]);
    const { rows } = await tx.query<{ declared: boolean }>(
      `select exists (select from audit_leaf where subject = $1 and leaf::jsonb ->> 'type' = 'audit.epoch'
         and (leaf::jsonb ->> 'epoch')::bigint >= $2) as declared`,
      [origin, number],
    );
    if (rows[0]?.declared === true) return false;
    const { note } = await headOf(tx);
    const last = note === "" ? undefined : parseCheckpoint(parseNote(note).text);
    const value = {
      type: "audit.epoch",
      at: at.toISOString(),
      epoch: number,
      region,
      after: last && { epoch: last.epoch, ...words(last) },
      fork: witnessed !== undefined && witnessed.size > (last?.size ?? 0) ? words(witnessed) : undefined,
    };
    await writeAuditLeaf(tx, { at, subject: origin, value });
    return true;
  });
}

function words({ size, root }: TreeHead): { readonly size: number; readonly root: string } {
  return { size, root: root.toString("base64") };
}

/** Advisory lock of whoever declares an epoch; the number means nothing. */
const EPOCH_LOCK = 9_162_020;
