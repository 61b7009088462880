import { writeAuditLeaf } from "../../service/audit-leaf.ts";
import { writeOutbox } from "../../service/outbox.ts";
import type { Queries } from "../../service/postgres.ts";
import { paymentEvent } from "../events.ts";
import type { PaymentKind } from "./kinds.ts";
import { initiationHash, type Members, type Money, type Payment, type Transfer } from "./payment.ts";
import type { PaymentState, Reason, TransferState } from "./status.ts";

/** Keeps a new payment, tells of it and records it. */
export async function insertPayment(tx: Queries, payment: Payment): Promise<void> {
  await tx.query(
    `insert into payments (id, kind, client_id, consent, customer, account, initiation, instruction, risk, status, reason,
       created_at, status_at, next_at, runs)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      payment.id,
      payment.kind,
      payment.clientId,
      payment.consentId,
      payment.customer,
      payment.account,
      payment.initiation,
      payment.instruction,
      payment.risk,
      payment.status,
      payment.reason,
      payment.createdAt,
      payment.statusAt,
      payment.nextAt,
      payment.runs,
    ],
  );
  await record(tx, "payment.received", payment, { initiationHash: initiationHash(payment) });
}

/** Keeps what became of a payment whose row is locked; tells of it and records it when its status is another. */
export async function updatePayment(
  tx: Queries,
  before: Payment,
  payment: Payment,
  evidence: object = {},
): Promise<void> {
  await tx.query(
    "update payments set status = $2, reason = $3, status_at = $4, next_at = $5, runs = $6 where id = $1",
    [payment.id, payment.status, payment.reason, payment.statusAt, payment.nextAt, payment.runs],
  );
  const isNews = before.status !== payment.status || before.reason !== payment.reason;
  if (isNews || Object.keys(evidence).length > 0) {
    await record(tx, "payment.updated", payment, evidence);
  }
}

async function record(
  tx: Queries,
  type: "payment.received" | "payment.updated",
  payment: Payment,
  evidence: object = {},
): Promise<void> {
  const event = paymentEvent(type, payment);
  await writeOutbox(tx, payment.id, event);
  await writeAuditLeaf(tx, { at: payment.statusAt, subject: payment.id, value: { ...event, ...evidence } });
}

/** A payment that is not erased. @param lock keeps others from changing it until the transaction ends. */
export async function findPayment(
  queries: Queries,
  id: string,
  lock: "lock" | "look" = "look",
): Promise<Payment | undefined> {
  const { rows } = await queries.query<PaymentRow>(
    `select * from payments where id = $1 and erased_at is null ${lock === "lock" ? "for update" : ""}`,
    [id],
  );
  return rows[0] && paymentOfRow(rows[0]);
}

/** Payments of an account by kind that are not erased, whichever partner they came by, newest first, at most a thousand. */
export async function paymentsOf(
  queries: Queries,
  accounts: readonly string[],
  kinds: readonly PaymentKind[],
): Promise<readonly Payment[]> {
  const { rows } = await queries.query<PaymentRow>(
    "select * from orders_of($1, $2) order by created_at desc",
    [accounts, kinds],
  );
  return rows.map(paymentOfRow);
}

/** Somebody an account has paid, by money that arrived. */
export interface Payee {
  /** What partners know her by: see `beneficiary_id`. */
  readonly id: string;
  readonly account: string;
  readonly creditor: Transfer["creditor"];
  /** Of the last payment. */
  readonly reference: string;
}

/** Everybody whom accounts have paid, at most a thousand. */
export async function payeesOf(queries: Queries, accounts: readonly string[]): Promise<readonly Payee[]> {
  // Goes from each payee to the next in the index: reads as much as there are payees, however often each was paid.
  const { rows } = await queries.query<TransferRow & { readonly payee: string }>(
    `with recursive last as (
       select t.* from unnest($1::text[]) as one (account), lateral (
         select * from transfers where account = one.account and status in ('ACSC', 'ACCC')
         order by creditor_scheme desc, creditor_identification desc, at desc limit 1
       ) t
       union all
       select t.* from last, lateral (
         select * from transfers where account = last.account and status in ('ACSC', 'ACCC')
           and (creditor_scheme, creditor_identification) < (last.creditor_scheme, last.creditor_identification)
         order by creditor_scheme desc, creditor_identification desc, at desc limit 1
       ) t
     ) select *, beneficiary_id(account, creditor_scheme, creditor_identification) as payee
     from last where creditor_scheme <> 'erased'
     order by account, creditor_scheme, creditor_identification limit 1000`,
    [accounts],
  );
  return rows.map((row) => ({ ...transferOfRow(row), id: row.payee }));
}

/** Keeps a transfer that is new, or what became of one. */
export async function saveTransfer(tx: Queries, transfer: Transfer): Promise<void> {
  const { creditor } = transfer;
  await tx.query(
    `insert into transfers (id, payment, account, amount, currency, credit_amount, credit_currency, creditor_scheme,
       creditor_identification, creditor_name, reference, end_to_end, status, reason, watched, at, status_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     on conflict (id) do update
       set status = excluded.status, reason = excluded.reason, watched = excluded.watched, status_at = excluded.status_at`,
    [
      transfer.id,
      transfer.payment,
      transfer.account,
      transfer.amount,
      transfer.currency,
      transfer.creditAmount,
      transfer.creditCurrency,
      creditor.scheme,
      creditor.identification,
      creditor.name,
      transfer.reference,
      transfer.endToEnd,
      transfer.status,
      transfer.reason,
      transfer.watched,
      transfer.at,
      transfer.statusAt,
    ],
  );
}

/** All money of a payment, in the order it was to move. */
export async function transfersOf(queries: Queries, payment: string): Promise<readonly Transfer[]> {
  const { rows } = await queries.query<TransferRow>(
    "select * from transfers where payment = $1 order by at, length(id), id",
    [payment],
  );
  return rows.map(transferOfRow);
}

/** Whether money of that id was to move before, whatever became of it. */
export async function hasTransfer(queries: Queries, id: string): Promise<boolean> {
  const { count } = await queries.query("select from transfers where id = $1", [id]);
  return count > 0;
}

/** Whether an account's holder has paid somebody before, by money that arrived. */
export async function paidBefore(
  queries: Queries,
  account: string,
  { scheme, identification }: Transfer["creditor"],
): Promise<boolean> {
  const { count } = await queries.query(
    `select 1 from transfers where account = $1 and creditor_scheme = $2 and creditor_identification = $3
       and status in ('ACSC', 'ACCC') limit 1`,
    [account, scheme, identification],
  );
  return count > 0;
}

interface PaymentRow {
  readonly id: string;
  readonly kind: PaymentKind;
  readonly client_id: string;
  readonly consent: string;
  readonly customer: string;
  readonly account: string;
  readonly initiation: Members;
  readonly instruction: Members | null;
  readonly risk: Members;
  readonly status: PaymentState;
  readonly reason: Reason | null;
  readonly created_at: Date;
  readonly status_at: Date;
  readonly next_at: Date | null;
  readonly runs: number;
}

function paymentOfRow(row: PaymentRow): Payment {
  return {
    id: row.id,
    kind: row.kind,
    clientId: row.client_id,
    consentId: row.consent,
    customer: row.customer,
    account: row.account,
    initiation: row.initiation,
    instruction: row.instruction ?? undefined,
    risk: row.risk,
    status: row.status,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    statusAt: row.status_at,
    nextAt: row.next_at ?? undefined,
    runs: row.runs,
  };
}

/** The money in a row of `transfers`. */
export interface MoneyRow {
  readonly id: string;
  readonly payment: string;
  readonly account: string;
  readonly amount: string;
  readonly currency: string;
  readonly credit_amount: string;
  readonly credit_currency: string;
  readonly creditor_scheme: string;
  readonly creditor_identification: string;
  readonly creditor_name: string;
  readonly reference: string;
  readonly end_to_end: string;
}

/** What a row of `transfers` says of money. */
export function moneyOfRow(row: MoneyRow): Money {
  return {
    id: row.id,
    payment: row.payment,
    account: row.account,
    amount: BigInt(row.amount),
    currency: row.currency,
    creditAmount: BigInt(row.credit_amount),
    creditCurrency: row.credit_currency,
    creditor: {
      scheme: row.creditor_scheme,
      identification: row.creditor_identification,
      name: row.creditor_name,
    },
    reference: row.reference,
    endToEnd: row.end_to_end,
  };
}

interface TransferRow extends MoneyRow {
  readonly status: TransferState;
  readonly reason: Reason | null;
  readonly watched: boolean;
  readonly at: Date;
  readonly status_at: Date;
}

function transferOfRow(row: TransferRow): Transfer {
  return {
    ...moneyOfRow(row),
    status: row.status,
    reason: row.reason ?? undefined,
    watched: row.watched,
    at: row.at,
    statusAt: row.status_at,
  };
}
