import type { Queries } from "../../service/postgres.ts";

/** One push and what became of it. */
export interface Delivery {
  /** Grows; where to go on from. */
  readonly number: string;
  readonly jti: string;
  readonly at: Date;
  readonly url: string;
  /** Pushes of this notification with this one. */
  readonly attempt: number;
  readonly outcome: string;
  readonly status: number | undefined;
  readonly durationMs: number;
}

/** What was sent to partners' webhooks. */
export interface DeliveryLog {
  /** A partner's pushes, newest first, at most 100. */
  of(client: string, before?: string): Promise<readonly Delivery[]>;
}

interface DeliveryRow extends Omit<Delivery, "status" | "durationMs" | "number"> {
  readonly id: string;
  readonly status: number | null;
  readonly duration_ms: number;
}

/** The log in the service's own schema. */
export function createDeliveryLog(queries: Queries): DeliveryLog {
  return {
    async of(client, before) {
      const { rows } = await queries.query<DeliveryRow>(
        `select id, jti, at, url, attempt, outcome, status, duration_ms from delivery
         where client = $1 and ($2::bigint is null or id < $2) order by id desc limit 100`,
        [client, before],
      );
      return rows.map(({ id, status, duration_ms, ...row }) => ({
        ...row,
        number: id,
        status: status ?? undefined,
        durationMs: duration_ms,
      }));
    },
  };
}
