import type { Webhook } from "../../../crds/partner-webhook.ts";
import type { Database } from "../../service/postgres.ts";
import { lockLog } from "../relay.ts";

/** What signed documents say of one partner's webhooks. */
export interface Declaration {
  readonly client: string;
  /** Of the document that says it; one that is not above the last changes nothing. */
  readonly version: number;
  readonly webhooks: readonly Webhook[];
}

/** A partner of whom something was declared. */
export interface Declared extends Pick<Declaration, "client" | "version"> {
  /** Whether it has a webhook that was not taken out. */
  readonly receives: boolean;
}

/** Webhooks that partners' resources declare, and the end of those that they declare no more. */
export interface WebhookStore {
  declared(): Promise<readonly Declared[]>;
  /** Takes declarations in; safe to repeat. What is new is told from now on, what has left is told nothing any more. */
  declare(declarations: readonly Declaration[]): Promise<void>;
  /**
   * Ends what still waits for webhooks that do not take it any more, each with a line `Withdrawn` in the delivery log.
   *
   * @returns how many; {@link WITHDRAWN_AT_ONCE} means that there may be more.
   */
  withdraw(now: Date): Promise<number>;
}

/** Notifications that one call ends at most. */
export const WITHDRAWN_AT_ONCE = 500;

/** The store over the service's own schema. */
export function createWebhookStore(database: Database): WebhookStore {
  return {
    async declared() {
      const { rows } = await database.query<Declared>(
        `select client, version::float8,
           exists (select from webhook w where w.client = d.client and not w.ended) as receives
         from declaration d`,
      );
      return rows;
    },
    declare: (declarations) =>
      database.transaction(async (tx) => {
        // Whom the news goes to changes between two pieces of news: none that was written is missed by the end of a webhook.
        await lockLog(tx);
        await tx.query(
          `with said as (
             select * from jsonb_to_recordset($1) as d (client text, version bigint, webhooks jsonb)
           ), newer as (
             insert into declaration (client, version) select client, version from said
             on conflict (client) do update set version = excluded.version where declaration.version < excluded.version
             returning client
           ), wanted as (
             select client || '/' || w.name as receiver, client, w.name, w.url, w.events
             from said join newer using (client),
               lateral jsonb_to_recordset(said.webhooks) as w (name text, url text, events text[])
           ), gone as (
             update webhook set ended = true, narrowed = true
             where client in (select client from newer) and not ended and receiver not in (select receiver from wanted)
           )
           insert into webhook (receiver, client, name, callback_url, event_types)
           select receiver, client, name, url, events from wanted
           on conflict (receiver) do update set callback_url = excluded.callback_url, event_types = excluded.event_types,
             ended = false, narrowed = webhook.narrowed or excluded.event_types is not null, failures = 0, open_until = null
           where webhook.ended or webhook.callback_url <> excluded.callback_url
             or webhook.event_types is distinct from excluded.event_types`,
          [JSON.stringify(declarations)],
        );
      }),
    withdraw: (now) =>
      database.transaction(async (tx) => {
        await lockLog(tx);
        const { count } = await tx.query(
          `with unwanted as (
             select p.jti, w.receiver, w.callback_url from webhook w, lateral (
               select n.jti from webhook_notification n
               where n.receiver = w.receiver and n.done_at is null and (w.ended or not n.type = any (w.event_types))
               order by n.subject, n.position limit $2
             ) p where w.narrowed limit $2
           ), over as (
             update webhook_notification n set done_at = $1, done_by = 'withdrawn'
             from unwanted u where n.jti = u.jti and n.receiver = u.receiver
             returning n.jti, n.client, n.attempts, u.callback_url
           )
           insert into delivery (jti, client, at, url, attempt, outcome, duration_ms)
           select jti, client, $1, callback_url, attempts, 'Withdrawn', 0 from over`,
          [now, WITHDRAWN_AT_ONCE],
        );
        if (count === WITHDRAWN_AT_ONCE) return count;
        await tx.query("delete from webhook where narrowed and ended");
        await tx.query("update webhook set narrowed = false where narrowed");
        return count;
      }),
  };
}
