import type { Database } from "../../service/postgres.ts";
import type { Notification } from "../security-event.ts";
import type { PushResult } from "./push.ts";
import { BREAKER_AFTER, type Breaker } from "./schedule.ts";

/** A notification taken up for a push. */
export interface TakenUp extends Notification {
  /** Who it is for: a partner that subscribed itself (its client id), or a webhook of its resource (client/name). */
  readonly receiver: string;
  readonly url: string;
  /** Pushes with this one. */
  readonly attempts: number;
  readonly firstPushAt: Date;
  /** Of its receiver: rounds in a row without an answer. */
  readonly failures: number;
}

/** What became of a notification that was taken up. */
export interface Settled extends TakenUp {
  readonly result: PushResult;
  /** When it is pushed again; undefined: it is given up. Without meaning for an accepted one. */
  readonly nextPush: Date | undefined;
}

/** What waits to be pushed. */
export interface PushStore {
  /**
   * Takes notifications up, at most some per receiver: of each subject the oldest, so that none overtakes another of its
   * subject. Nobody else takes them up before `until`; whoever is killed meanwhile loses nothing.
   *
   * @param clients partners to look at.
   * @param busy receivers to leave out.
   */
  takeUp(
    clients: readonly string[],
    busy: readonly string[],
    now: Date,
    until: Date,
  ): Promise<readonly TakenUp[]>;
  /** Writes down a round with one receiver and its breaker, in one transaction. */
  settle(receiver: string, round: readonly Settled[], breaker: Breaker, now: Date): Promise<void>;
}

/** Pushes to one receiver at a time; to one that was away, one tries. */
export const AT_ONCE = 8;

/** Tables with receivers and what waits for them. */
interface Receivers {
  readonly table: "subscription" | "webhook";
  /** Column by which both know a receiver. */
  readonly key: "client" | "receiver";
  readonly news: "notification" | "webhook_notification";
  readonly due: "due" | "due_at_webhook";
  /** Which receivers may be sent anything. */
  readonly open: "s.callback_url is not null" | "not s.ended";
  /** Puts off what waits behind news of its subject that was put off; undefined where a poll may take that before. */
  readonly putOffBehind: string | undefined;
}

/** Subscriptions that partners make themselves. */
export const SUBSCRIPTIONS: Receivers = {
  table: "subscription",
  key: "client",
  news: "notification",
  due: "due",
  open: "s.callback_url is not null",
  putOffBehind: undefined,
};

/** Webhooks that partners' resources declare. */
export const WEBHOOKS: Receivers = {
  table: "webhook",
  key: "receiver",
  news: "webhook_notification",
  due: "due_at_webhook",
  open: "not s.ended",
  // The first by its id: asked whether done_at is null, the planner would go through all that waits for the receiver.
  putOffBehind: `update webhook_notification n set next_push_at = first.next_push_at
    from webhook_notification first
    where first.receiver = $1 and first.jti = any ($2) and n.receiver = $1 and n.subject = first.subject
      and n.position > first.position and n.done_at is null and n.next_push_at < first.next_push_at`,
};

interface PushRow extends Notification {
  readonly receiver: string;
  readonly callback_url: string;
  readonly attempts: number;
  readonly first_push_at: Date;
  readonly failures: number;
}

/** The store over the service's own schema, for receivers of one kind. */
export function createPushStore(
  database: Database,
  { table, key, news, due, open, putOffBehind }: Receivers = SUBSCRIPTIONS,
): PushStore {
  return {
    async takeUp(clients, busy, now, until) {
      // One by one by their ids: asked for all of them, or whether done_at is null, the planner would read all that waits.
      const { rows } = await database.query<PushRow>(
        `with candidate as (
           select jti, s.${key} from ${table} s,
             lateral ${due}(s.${key}, $2, case when s.failures >= $4 then 1 else $5::int end) as jti
           where s.client = any ($1) and s.${key} <> all ($6) and ${open} and (s.open_until is null or s.open_until <= $2)
         ), taken as (
           select n.jti, n.${key} from candidate c, lateral (
             select jti, ${key} from ${news} n
             where n.jti = c.jti and n.${key} = c.${key} and n.done_by is null and n.next_push_at <= $2 for update skip locked
           ) n
         ), up as (
           update ${news} set attempts = attempts + 1, first_push_at = coalesce(first_push_at, $2), next_push_at = $3
           where (jti, ${key}) in (select jti, ${key} from taken)
           returning *
         )
         select up.jti, up.client, up.${key} as receiver, up.type, up.resource, up.at, up.attempts, up.first_push_at,
           s.callback_url, s.failures
         from up join ${table} s using (${key}) where ${open} order by up.position`,
        [clients, now, until, BREAKER_AFTER, AT_ONCE, busy],
      );
      return rows.map(({ callback_url, first_push_at, ...row }) => ({
        ...row,
        url: callback_url,
        firstPushAt: first_push_at,
      }));
    },
    settle: (receiver, round, { failures, openUntil }, now) =>
      database.transaction(async (tx) => {
        const rows = round.map(({ jti, client, url, attempts, result, nextPush }) => ({
          jti,
          client,
          url,
          attempt: attempts,
          accepted: result.outcome === "Accepted",
          outcome: result.outcome,
          status: result.status,
          duration_ms: result.durationMs,
          next_push_at: nextPush,
        }));
        // By their ids: asked whether done_at is null, the planner would go through all that waits for the partner.
        await tx.query(
          `update ${news} n set
             done_at = case when accepted then $3::timestamptz end,
             done_by = case when accepted then 'push' end,
             given_up_at = case when not accepted and r.next_push_at is null then $3::timestamptz end,
             next_push_at = coalesce(r.next_push_at, n.next_push_at)
           from jsonb_to_recordset($2) as r (jti uuid, accepted boolean, next_push_at timestamptz)
           where n.jti = r.jti and n.jti = any ($4) and n.${key} = $1 and n.done_by is null`,
          [receiver, JSON.stringify(rows), now, rows.map(({ jti }) => jti)],
        );
        const putOff = rows.filter((row) => !row.accepted && row.next_push_at !== undefined);
        if (putOffBehind !== undefined && putOff.length > 0)
          await tx.query(putOffBehind, [receiver, putOff.map(({ jti }) => jti)]);
        await tx.query(
          `insert into delivery (jti, client, at, url, attempt, outcome, status, duration_ms)
           select jti, client, $2, url, attempt, outcome, status, duration_ms
           from jsonb_to_recordset($1)
             as r (jti uuid, client text, url text, attempt int, outcome text, status int, duration_ms int)`,
          [JSON.stringify(rows), now],
        );
        await tx.query(`update ${table} set failures = $2, open_until = $3 where ${key} = $1`, [
          receiver,
          failures,
          openUntil,
        ]);
      }),
  };
}
