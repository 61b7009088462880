import type { Queries } from "./postgres.ts";

/** Something that happened, as it is told to whoever listens: names and account numbers are not in it. */
export interface OutboxEvent {
  /** Such as `consent.authorised`: one service's word, in the past tense. */
  readonly type: string;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * Keeps an event for the relay, in the service's own `outbox` table.
 *
 * Of one subject's events the order is the order of their ids, as whoever writes one has locked the subject's row.
 *
 * @param tx the transaction of the change itself, so that there is neither one without the other.
 * @param subject id of what it happened to.
 */
export async function writeOutbox(tx: Queries, subject: string, event: OutboxEvent): Promise<void> {
  await tx.query("insert into outbox (at, type, subject, payload) values ($1, $2, $3, $4)", [
    event.at,
    event.type,
    subject,
    event,
  ]);
}
