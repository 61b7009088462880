import type { Database } from "../service/postgres.ts";
import type { Receipts } from "./polling.ts";
import type { Notification } from "./security-event.ts";

/**
 * What waits for partners; a partner's own only, whatever ids it names. Webhooks of its resource have copies of their own, of
 * which only a replay speaks.
 */
export interface NotificationStore {
  /** The oldest that wait for a partner, of the types it subscribed to; without a subscription, all types. */
  waiting(client: string, limit: number): Promise<readonly Notification[]>;
  /** Takes in what a partner says of earlier ones. Safe to repeat; what is over stays as it is. */
  settle(client: string, receipts: Receipts, at: Date): Promise<void>;
  /** Lets what happened in a period be told once more, with the same ids. @returns how many. */
  replay(client: string, period: Period): Promise<number>;
}

/** From one time to before another. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** The store over the service's own schema. */
export function createNotificationStore(database: Database): NotificationStore {
  return {
    async waiting(client, limit) {
      const { rows } = await database.query<Notification>(
        "select jti, client, type, resource, at from waiting($1, $2)",
        [client, limit],
      );
      return rows;
    },
    async settle(client, { acknowledged, errors }, at) {
      if (acknowledged.length + errors.length === 0) return;
      // By their ids: asked whether done_at is null, the planner would go through all that waits for the partner.
      await database.query(
        `update notification set done_at = $2, error = said.error,
           done_by = case when said.error is null then 'poll' else 'error' end
         from (
           select unnest($3::uuid[]) as jti, null::jsonb as error
           union all
           select (e ->> 'jti')::uuid, e - 'jti' from jsonb_array_elements($4::jsonb) e
         ) said
         where notification.jti = said.jti and notification.jti = any ($5) and client = $1 and done_by is null`,
        [
          client,
          at,
          acknowledged,
          JSON.stringify(errors),
          [...acknowledged, ...errors.map(({ jti }) => jti)],
        ],
      );
    },
    async replay(client, { from, to }) {
      return database.transaction(async (tx) => {
        const own = await tx.query<{ readonly jti: string }>(
          `update notification set done_at = null, done_by = null, error = null, attempts = 0,
             first_push_at = null, given_up_at = null, next_push_at = at
           where client = $1 and at >= $2 and at < $3 and (done_at is not null or given_up_at is not null)
           returning jti`,
          [client, from, to],
        );
        const copies = await tx.query<{ readonly jti: string }>(
          `update webhook_notification n set done_at = null, done_by = null, attempts = 0,
             first_push_at = null, given_up_at = null, next_push_at = n.at
           from webhook w
           where n.client = $1 and n.at >= $2 and n.at < $3 and (n.done_at is not null or n.given_up_at is not null)
             and w.receiver = n.receiver and not w.ended and (w.event_types is null or n.type = any (w.event_types))
           returning n.jti`,
          [client, from, to],
        );
        return new Set([...own.rows, ...copies.rows].map(({ jti }) => jti)).size;
      });
    },
  };
}
