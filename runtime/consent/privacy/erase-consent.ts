import type { Queries } from "../../service/postgres.ts";
import type { PaymentFacts } from "./erasure.ts";
import { tell } from "./events.ts";

/**
 * Erases a consent with its payments, and says so: in the transaction of whoever decided it.
 *
 * @throws when the database sees a reason to keep it.
 */
export async function eraseConsent(tx: Queries, consent: string, at: Date): Promise<void> {
  const { rows } = await tx.query<{ readonly hash: string }>(
    "select request_hash as hash from consents where id = $1 for update",
    [consent],
  );
  await tx.query("select banking.erase_payments($1, $2)", [consent, at]);
  await tx.query("select erase($1, $2)", [consent, at]);
  await tell(tx, consent, {
    type: "consent.erased",
    at: at.toISOString(),
    actor: { kind: "bank" },
    consent,
    requestHash: rows[0]?.hash ?? "",
  });
}

interface Made {
  readonly consent: string;
  readonly unfinished: boolean | null;
  readonly last_at: Date | null;
}

/** What was paid under each of some consents, as one. */
export async function paidUnder(
  queries: Queries,
  consents: readonly string[],
): Promise<readonly PaymentFacts[]> {
  const { rows } = await queries.query<Made>(
    "select consent, unfinished, last_at from banking.made_under($1)",
    [consents],
  );
  return rows.flatMap(({ consent, unfinished, last_at: at }): PaymentFacts[] =>
    at === null ? [] : [{ consent, over: unfinished !== true, at }],
  );
}
