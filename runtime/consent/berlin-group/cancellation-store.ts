import type { Queries } from "../../service/postgres.ts";

/** How the payment that used a consent stands, as banking tells it. */
export interface PaymentStanding {
  readonly status: string;
  /** How many times it was carried out. */
  readonly runs: number;
  /** Whether there is still something of it that has not left. */
  readonly cancellable: boolean;
}

/** The payment that a consent became; undefined while it has become none. */
export async function standingOf(queries: Queries, consent: string): Promise<PaymentStanding | undefined> {
  const { rows } = await queries.query<PaymentStanding>(
    `select status, runs, cancellable
     from banking.standing_of((select payment from uses where consent = $1 order by at limit 1))`,
    [consent],
  );
  return rows[0];
}

/** Ids of the consents to cancel a payment, newest first, at most a hundred. */
export async function cancellationsOf(queries: Queries, consent: string): Promise<readonly string[]> {
  const { rows } = await queries.query<{ readonly id: string }>(
    `select id from consents where kind = 'payment-cancellation' and request ->> 'Cancels' = $1
     order by created_at desc limit 100`,
    [consent],
  );
  return rows.map(({ id }) => id);
}
