import type { Database, Queries } from "../../service/postgres.ts";
import type { LoggedEvent } from "../event.ts";
import type { Stream, StreamMessage } from "./stream.ts";

/** Events appended at a time. */
export const PUBLISHED_AT_ONCE = 500;

/** Topic of a source's events. */
export function topicOf(source: string): string {
  return `wekeza.${source}.events`;
}

/**
 * Appends the next events of the log to a stream, and moves on once they are kept. Who is killed in between repeats some,
 * with the same ids; none is left out.
 *
 * @param name of the stream, by which the log knows how far it has come.
 * @returns how many; 0 also while another process is at it.
 */
export function publishOnce(database: Database, stream: Stream, name: string): Promise<number> {
  return database.transaction(async (tx) => {
    const from = await positionOf(tx, name);
    if (from === undefined) return 0;
    const { rows } = await tx.query<LoggedEvent>(
      "select * from event where position > $1 order by position limit $2",
      [from, PUBLISHED_AT_ONCE],
    );
    const last = rows.at(-1);
    if (last === undefined) return 0;
    await stream.append(rows.map(messageOf));
    await tx.query("update stream_position set position = $2 where stream = $1", [name, last.position]);
    return rows.length;
  });
}

/** How far a stream has come, locked for this transaction; undefined while another holds it. */
async function positionOf(tx: Queries, name: string): Promise<string | undefined> {
  await tx.query("insert into stream_position (stream, position) values ($1, 0) on conflict do nothing", [
    name,
  ]);
  const { rows } = await tx.query<{ readonly position: string }>(
    "select position from stream_position where stream = $1 for update skip locked",
    [name],
  );
  return rows[0]?.position;
}

/** Structured content of CloudEvents would hold the same: who reads finds id, type and time without parsing the value. */
function messageOf({ id, source, type, subject, at, payload }: LoggedEvent): StreamMessage {
  return {
    topic: topicOf(source),
    key: subject,
    value: JSON.stringify(payload),
    headers: { id, type, source, subject, at: at.toISOString() },
  };
}
