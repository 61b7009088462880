import type { Database } from "../../service/postgres.ts";
import type { Notification } from "../security-event.ts";
import type { PushResult } from "./push.ts";
import { BREAKER_AFTER, type Breaker } from "./schedule.ts";

/** A notification taken up for a push. */
export interface TakenUp extends Notification {
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
   * Takes notifications up, at most some per partner: of each subject the oldest, so that none overtakes another of its
   * subject. Nobody else takes them up before `until`; whoever is killed meanwhile loses nothing.
   *
   * @param clients partners to look at.
   */
  takeUp(clients: readonly string[], now: Date, until: Date): Promise<readonly TakenUp[]>;
  /** Writes down one partner's round and its breaker, in one transaction. */
  settle(client: string, round: readonly Settled[], breaker: Breaker, now: Date): Promise<void>;
}

/** Pushes to one partner at a time; to a receiver that was away, one tries. */
export const AT_ONCE = 8;

interface PushRow extends Notification {
  readonly callback_url: string;
  readonly attempts: number;
  readonly first_push_at: Date;
  readonly failures: number;
}

/** The store over the service's own schema. */
export function createPushStore(database: Database): PushStore {
  return {
    async takeUp(clients, now, until) {
      const { rows } = await database.query<PushRow>(
        `with candidate as (
           select jti from subscription s,
             lateral due(s.client, $2, case when s.failures >= $4 then 1 else $5::int end) as jti
           where s.client = any ($1) and s.callback_url is not null and (s.open_until is null or s.open_until <= $2)
         ), taken as (
           select jti from notification
           where jti in (select jti from candidate) and done_at is null and next_push_at <= $2
           for update skip locked
         ), up as (
           update notification set attempts = attempts + 1, first_push_at = coalesce(first_push_at, $2), next_push_at = $3
           where jti in (select jti from taken)
           returning *
         )
         select up.jti, client, up.type, up.resource, up.at, up.attempts, up.first_push_at, callback_url, failures
         from up join subscription using (client) where callback_url is not null order by up.position`,
        [clients, now, until, BREAKER_AFTER, AT_ONCE],
      );
      return rows.map(({ callback_url, first_push_at, ...row }) => ({
        ...row,
        url: callback_url,
        firstPushAt: first_push_at,
      }));
    },
    settle: (client, round, { failures, openUntil }, now) =>
      database.transaction(async (tx) => {
        const rows = round.map(({ jti, url, attempts, result, nextPush }) => ({
          jti,
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
          `update notification set
             done_at = case when accepted then $3::timestamptz end,
             done_by = case when accepted then 'push' end,
             given_up_at = case when not accepted and r.next_push_at is null then $3::timestamptz end,
             next_push_at = coalesce(r.next_push_at, notification.next_push_at)
           from jsonb_to_recordset($2) as r (jti uuid, accepted boolean, next_push_at timestamptz)
           where notification.jti = r.jti and notification.jti = any ($4) and client = $1 and done_by is null`,
          [client, JSON.stringify(rows), now, rows.map(({ jti }) => jti)],
        );
        await tx.query(
          `insert into delivery (jti, client, at, url, attempt, outcome, status, duration_ms)
           select jti, $1, $3, url, attempt, outcome, status, duration_ms
           from jsonb_to_recordset($2)
             as r (jti uuid, url text, attempt int, outcome text, status int, duration_ms int)`,
          [client, JSON.stringify(rows), now],
        );
        await tx.query("update subscription set failures = $2, open_until = $3 where client = $1", [
          client,
          failures,
          openUntil,
        ]);
      }),
  };
}
