import type { Log } from "../../service/logger.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import { kindOf } from "./kinds.ts";
import { giveBack } from "./moving.ts";
import type { Payment, Transfer } from "./payment.ts";
import type { Remittance, Scheme, SchemeAnswer } from "./scheme.ts";
import { checkStep, stateOfMany } from "./status.ts";
import { findPayment, saveTransfer, transfersOf, updatePayment } from "./store.ts";

/** What leaving the bank needs. */
export interface DispatchOptions {
  readonly database: Database;
  readonly scheme: Scheme;
  readonly log: Log;
}

/** Waits between two tries, in ms: doubles from the first to the last. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

/**
 * Hands over the money that has waited longest, once its row is safe with every standby, and keeps what the scheme says.
 *
 * A crash anywhere repeats the hand-over with the same id, which the scheme takes once.
 *
 * @returns false when nothing is to be handed over now.
 */
export async function dispatchNext({ database, scheme, log }: DispatchOptions, now: Date): Promise<boolean> {
  const remittance = await claimNext(database, now);
  if (remittance === undefined) return false;
  let answer: SchemeAnswer;
  try {
    answer = await scheme.send(remittance);
  } catch (error) {
    log.warn({ err: error, transfer: remittance.id }, "scheme gave no answer");
    return true;
  }
  await database.transaction((tx) => settle(tx, remittance.payment, remittance.id, answer, now));
  return true;
}

/** Takes the next one for this process: its next try is put off before it is sent, so that replicas do not meet. */
async function claimNext(database: Database, now: Date): Promise<Remittance | undefined> {
  const { rows } = await database.query<RemittanceRow>(
    `with next as (
       select transfer from outgoing
       where answered_at is null and next_at <= $1 and lsn <= (select safe_lsn())
       order by next_at limit 1 for update skip locked
     )
     update outgoing o
     set tries = tries + 1, epoch = epoch(),
       next_at = $1 + least($2 * 2 ^ least(tries, 20), $3) * interval '1 ms'
     from next, transfers t where o.transfer = next.transfer and t.id = next.transfer
     returning o.epoch, o.message, t.id, t.payment, t.end_to_end, t.credit_amount, t.credit_currency,
       t.creditor_scheme, t.creditor_identification, t.creditor_name, t.reference`,
    [now, FIRST_WAIT_MS, LONGEST_WAIT_MS],
  );
  return rows[0] && remittanceOf(rows[0]);
}

/** Keeps what became of money that left; saying it again changes nothing. */
export async function settle(
  tx: Queries,
  paymentId: string,
  transferId: string,
  answer: SchemeAnswer,
  at: Date,
): Promise<void> {
  const payment = await findPayment(tx, paymentId, "lock");
  const transfers = await transfersOf(tx, paymentId);
  const transfer = transfers.find(({ id }) => id === transferId);
  if (payment === undefined || transfer === undefined) throw new Error(`Transfer ${transferId} is gone.`);
  const after = transfer.status === answer.status ? transfer : await step(tx, transfer, answer, at);
  if (answer.status !== "ACWP") {
    await tx.query("update outgoing set answered_at = $2 where transfer = $1", [transferId, at]);
  }
  if (payment.kind === "domestic-vrp" && after.status === "RJCT") {
    await tx.query("select consent.release($1, $2)", [paymentId, at]);
  }
  const others = transfers.map((each) => (each.id === transferId ? after : each));
  await updatePayment(tx, payment, withOutcome(payment, after, others, at));
}

async function step(tx: Queries, transfer: Transfer, answer: SchemeAnswer, at: Date): Promise<Transfer> {
  if (answer.status === "RJCT") return giveBack(tx, transfer, answer.reason, at);
  checkStep(transfer.status, answer.status);
  const after: Transfer = { ...transfer, status: answer.status, reason: undefined, statusAt: at };
  await saveTransfer(tx, after);
  return after;
}

function withOutcome(
  payment: Payment,
  { status, reason }: Transfer,
  all: readonly Transfer[],
  at: Date,
): Payment {
  switch (kindOf(payment.kind).when) {
    case "now":
    case "date":
      return { ...payment, status, reason, statusAt: at };
    case "order":
      return { ...payment, status: stateOfMany([status], false), reason, statusAt: at };
    case "file": {
      const states = all.map((each) => each.status);
      return { ...payment, status: stateOfMany(states, payment.nextAt !== undefined), statusAt: at };
    }
  }
}

interface RemittanceRow {
  readonly epoch: number;
  readonly message: { readonly debtor: Remittance["debtor"] };
  readonly id: string;
  readonly payment: string;
  readonly end_to_end: string;
  readonly credit_amount: string;
  readonly credit_currency: string;
  readonly creditor_scheme: string;
  readonly creditor_identification: string;
  readonly creditor_name: string;
  readonly reference: string;
}

function remittanceOf(row: RemittanceRow): Remittance {
  return {
    id: row.id,
    epoch: row.epoch,
    payment: row.payment,
    endToEnd: row.end_to_end,
    amount: row.credit_amount,
    currency: row.credit_currency,
    debtor: row.message.debtor,
    creditor: {
      scheme: row.creditor_scheme,
      identification: row.creditor_identification,
      name: row.creditor_name,
    },
    reference: row.reference,
  };
}
