import type { Database, Queries } from "../../service/postgres.ts";
import type { Creditor, Money } from "./payment.ts";
import type { Reason } from "./status.ts";
import { type MoneyRow, moneyOfRow } from "./store.ts";

/** Whom money on its way is handed to next: the bank's own core, which books it, or the way to other banks. */
export type Receiver = "core" | "scheme";

/** Money on its way, as it stands when it is handed over. */
export interface Outgoing {
  readonly to: Receiver;
  /** Why another bank did not take it: the core is to give it back. */
  readonly refusedFor: Reason | undefined;
  /** Whether a core of the bank's own books it, and not the embedded ledger. */
  readonly atCore: boolean;
  readonly epoch: number;
  readonly debtor: Creditor;
  readonly transfer: Money;
}

/** Waits between two tries, in ms: doubles from the first to the last. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

/** Puts a transfer on its way. With a core it goes there first. */
export async function sendOut(
  tx: Queries,
  transfer: string,
  { to, debtor, at }: { readonly to: Receiver; readonly debtor: Debtor; readonly at: Date },
): Promise<void> {
  const { scheme, identification, holder } = debtor;
  const message = { debtor: { scheme, identification, name: holder } };
  await tx.query(
    "insert into outgoing (transfer, message, next_at, goes_to, at_core) values ($1, $2, $3, $4, $5)",
    [transfer, message, at, to, to === "core"],
  );
}

/** The payer's account, by its number. */
interface Debtor {
  readonly scheme: string;
  readonly identification: string;
  readonly holder: string;
}

/**
 * Takes what has waited longest for a receiver, once its row is safe with every standby: the next try is put off before it is
 * handed over, so that replicas do not meet.
 */
export async function claimNext(database: Database, to: Receiver, now: Date): Promise<Outgoing | undefined> {
  const { rows } = await database.query<OutgoingRow>(
    `with next as (
       select transfer from outgoing
       where answered_at is null and goes_to = $4 and next_at <= $1 and lsn <= (select safe_lsn())
       order by next_at limit 1 for update skip locked
     )
     update outgoing o
     set tries = tries + 1, epoch = epoch(),
       next_at = $1 + least($2 * 2 ^ least(tries, 20), $3) * interval '1 ms'
     from next, transfers t where o.transfer = next.transfer and t.id = next.transfer
     returning o.epoch, o.message, o.goes_to, o.at_core, o.refused_for, t.id, t.payment, t.account, t.amount, t.currency,
       t.end_to_end, t.credit_amount, t.credit_currency, t.creditor_scheme, t.creditor_identification, t.creditor_name,
       t.reference`,
    [now, FIRST_WAIT_MS, LONGEST_WAIT_MS, to],
  );
  return rows[0] && outgoingOf(rows[0]);
}

/** Where money on its way stands. */
export interface Standing extends Pick<Outgoing, "to" | "refusedFor"> {
  /** Nothing more is to be handed over. */
  readonly arrived: boolean;
}

/** Where money stands that was handed over some time ago; whoever asks has locked its payment. */
export async function standingOf(tx: Queries, transfer: string): Promise<Standing | undefined> {
  const { rows } = await tx.query<
    Pick<OutgoingRow, "goes_to" | "refused_for"> & { readonly arrived: boolean }
  >("select goes_to, refused_for, answered_at is not null as arrived from outgoing where transfer = $1", [
    transfer,
  ]);
  return (
    rows[0] && {
      to: rows[0].goes_to,
      refusedFor: rows[0].refused_for ?? undefined,
      arrived: rows[0].arrived,
    }
  );
}

/** Keeps that nothing more is to be handed over. */
export async function arrive(tx: Queries, transfer: string, at: Date): Promise<void> {
  await tx.query("update outgoing set answered_at = $2 where transfer = $1 and answered_at is null", [
    transfer,
    at,
  ]);
}

/** Sends on to one receiver or the other. */
export async function sendOn(
  tx: Queries,
  transfer: string,
  next: Pick<Outgoing, "to" | "refusedFor">,
  at: Date,
): Promise<void> {
  // Where the log has got to by now: whoever is told must not know of a step that a standby does not have.
  await tx.query(
    `update outgoing
     set goes_to = $2, refused_for = $3, next_at = $4, tries = 0, lsn = pg_current_wal_insert_lsn()
     where transfer = $1 and answered_at is null`,
    [transfer, next.to, next.refusedFor, at],
  );
}

interface OutgoingRow extends MoneyRow {
  readonly epoch: number;
  readonly message: Pick<Outgoing, "debtor">;
  readonly goes_to: Receiver;
  readonly at_core: boolean;
  readonly refused_for: Reason | null;
}

function outgoingOf(row: OutgoingRow): Outgoing {
  return {
    to: row.goes_to,
    refusedFor: row.refused_for ?? undefined,
    atCore: row.at_core,
    epoch: row.epoch,
    debtor: row.message.debtor,
    transfer: moneyOfRow(row),
  };
}
