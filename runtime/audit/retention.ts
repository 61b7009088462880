import { writeAuditLeaf } from "../service/audit-leaf.ts";
import type { Database } from "../service/postgres.ts";
import type { Month } from "./export.ts";

/**
 * Keeps a month from being dropped, for as long as a case needs it. The log says so itself.
 *
 * @returns the hold's number, which lifts it.
 */
export function placeHold(database: Database, month: Month, reason: string, at: Date): Promise<string> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>("select place_hold($1, $2, $3) as id", [
      dayOf(month),
      reason,
      at,
    ]);
    const hold = rows[0]?.id ?? "";
    const value = { type: "audit.held", at: at.toISOString(), month, hold, reason };
    await writeAuditLeaf(tx, { at, subject: month, value });
    return hold;
  });
}

/** Lifts a hold. @returns false when there was none of that number, or it was lifted before. */
export function liftHold(database: Database, hold: string, at: Date): Promise<boolean> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ lifted: boolean }>("select lift_hold($1, $2) as lifted", [hold, at]);
    if (rows[0]?.lifted !== true) return false;
    await writeAuditLeaf(tx, {
      at,
      subject: hold,
      value: { type: "audit.hold-lifted", at: at.toISOString(), hold },
    });
    return true;
  });
}

/**
 * Drops the leaves of a month that has been kept for seven years, and says in the log what they were and which export
 * holds them now.
 *
 * @param manifest SHA-256 (hex) of the export's `manifest.json`.
 * @throws Error when the month must be kept, is held, or is not there.
 */
export function dropMonth(database: Database, month: Month, manifest: string, at: Date): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(manifest))
    throw new Error(`${manifest} is no SHA-256; give that of the export's manifest.json.`);
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ first_index: string; last_index: string }>(
      "select * from drop_month($1)",
      [dayOf(month)],
    );
    const [first, last] = [Number(rows[0]?.first_index), Number(rows[0]?.last_index)];
    const value = { type: "audit.month-dropped", at: at.toISOString(), month, first, last, manifest };
    await writeAuditLeaf(tx, { at, subject: month, value });
  });
}

function dayOf(month: Month): string {
  return `${month}-01`;
}
