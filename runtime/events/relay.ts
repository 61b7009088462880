import type { Database, Queries } from "../service/postgres.ts";
import { eventId, type OutboxRow, type Source } from "./event.ts";
import { newsOf } from "./notification.ts";

/** Rows moved in one transaction. */
export const BATCH = 500;
/** Advisory lock of the one that writes the log or says who is told of it; the number means nothing. */
const LOG_LOCK = 6_120_551;

/** Waits until nobody else writes the log or changes to whom its news goes; until the transaction ends nobody does. */
export async function lockLog(tx: Queries): Promise<void> {
  await tx.query("select pg_advisory_xact_lock($1)", [LOG_LOCK]);
}

/**
 * Moves the oldest rows of a service's outbox into the log, with the news they are to partners, in one transaction: a row
 * is in the outbox or in the log, never in both or neither, wherever the relay is killed.
 *
 * Of one subject the log has the order of the outbox. A writer holds its subject's row from before the outbox gives out a
 * number until it commits; so whoever sees number 6 of a subject sees number 5 as well, and one statement takes both.
 * Rows of other subjects may be overtaken; nothing waits for a long transaction elsewhere.
 *
 * @returns how many were moved; {@link BATCH} means that there may be more.
 */
export function relayOnce(database: Database, source: Source, group: string): Promise<number> {
  return database.transaction(async (tx) => {
    // Positions of the log must become visible in their order.
    await lockLog(tx);
    const rows = await take(tx, source);
    if (rows.length > 0) await keep(tx, rows, group);
    return rows.length;
  });
}

interface TakenRow extends Omit<OutboxRow, "number" | "source"> {
  readonly id: string;
}

async function take(tx: Queries, source: Source): Promise<readonly OutboxRow[]> {
  const { rows } = await tx.query<TakenRow>(
    `with taken as (
       delete from ${source}.outbox where id in (select id from ${source}.outbox order by id limit $1)
       returning id, at, type, subject, payload
     ) select * from taken order by id`,
    [BATCH],
  );
  return rows.map(({ id, ...row }) => ({ ...row, number: id, source }));
}

async function keep(tx: Queries, rows: readonly OutboxRow[], group: string): Promise<void> {
  const events = rows.map((row, index) => ({
    ...row,
    nth: index,
    id: eventId(group, row),
    news: newsOf(row),
  }));
  await tx.query(
    `insert into event (id, source, at, type, subject, payload)
     select id, source, at, type, subject, payload
     from jsonb_to_recordset($1) as e (nth int, id uuid, source text, at timestamptz, type text, subject text, payload jsonb)
     order by nth`,
    [JSON.stringify(events)],
  );
  const told = events.filter(({ news }) => news !== undefined).map(({ id, news }) => ({ id, news }));
  if (told.length === 0) return;
  // The database makes the copies for declared webhooks.
  await tx.query(
    `insert into notification (jti, position, client, subject, type, resource, at, next_push_at)
     select id, position, news ->> 'client', subject, news ->> 'type', news -> 'resource', at, at
     from event join jsonb_to_recordset($1) as n (id uuid, news jsonb) using (id)`,
    [JSON.stringify(told)],
  );
}
