import type { Queries } from "../../service/postgres.ts";
import type { Account } from "../core-bank.ts";
import type { Verdict } from "./fraud.ts";
import { bookMovement, bookReturn, lockSides, refusal } from "./ledger-booking.ts";
import { sendOut } from "./outgoing.ts";
import type { Order, Transfer } from "./payment.ts";
import type { Rates } from "./rates.ts";
import { checkStep, type Reason, type TransferState } from "./status.ts";
import { saveTransfer } from "./store.ts";
import { sumsOf } from "./sums.ts";

/** Money that is to move now. */
export interface Move {
  readonly id: string;
  readonly payment: string;
  /** AccountId of the payer. */
  readonly account: string;
  readonly order: Order;
  readonly verdict: Verdict;
  readonly rates: Rates;
  readonly at: Date;
  /** The payer's account as the bank's own core told it just now; absent: it is in the embedded ledger. */
  readonly atCore?: Account | undefined;
}

/**
 * Moves money, or keeps why it does not move; at most once for an id.
 *
 * Between two accounts of this bank it arrives at once. To another bank it is set aside, and leaves by the table
 * `outgoing`. With a core of the bank's own nothing is booked here: it is asked to by the same table, and until it has
 * answered the money waits.
 *
 * @param tx where everything about it happens, or nothing.
 */
export async function move(tx: Queries, asked: Move): Promise<Transfer> {
  return asked.atCore === undefined ? moveHere(tx, asked) : moveAtCore(tx, asked, asked.atCore);
}

async function moveHere(tx: Queries, asked: Move): Promise<Transfer> {
  const { id, order, verdict, at } = asked;
  const { payer, payee } = await lockSides(tx, asked.account, order.creditor);
  if (payer === undefined) throw new Error(`The account of transfer ${id} is gone.`);
  const { sums, base } = transferOf(asked, payer.currency);
  const reason = sums === undefined ? "AM03" : refusal(base, { payer, payee }, verdict);
  const status: TransferState =
    reason !== undefined ? "RJCT" : verdict === "hold" ? "PDNG" : payee === undefined ? "ACSP" : "ACCC";
  const outcome = reason ?? (status === "ACSP" ? "U034" : status === "PDNG" ? "U031" : undefined);
  const transfer: Transfer = { ...base, status, reason: outcome };
  await saveTransfer(tx, transfer);
  if (status === "ACSP" || status === "ACCC") {
    await bookMovement(tx, transfer, { payer, payee }, at);
  }
  if (status === "ACSP") await sendOut(tx, id, { to: "scheme", debtor: payer, at });
  return transfer;
}

/** Leaves to the core what only the books can say: whether there is money enough, and whose the payee's account is. */
async function moveAtCore(tx: Queries, asked: Move, payer: Account): Promise<Transfer> {
  const { id, verdict, at } = asked;
  const { sums, base } = transferOf(asked, payer.currency);
  const reason = sums === undefined ? "AM03" : verdict === "refuse" ? "FRAD" : undefined;
  const transfer: Transfer = { ...base, status: reason ? "RJCT" : "PDNG", reason: reason ?? "U031" };
  await saveTransfer(tx, transfer);
  if (reason === undefined && verdict !== "hold") await sendOut(tx, id, { to: "core", debtor: payer, at });
  return transfer;
}

/** Gives money back that another bank did not take; at most once. */
export async function giveBack(tx: Queries, transfer: Transfer, reason: Reason, at: Date): Promise<Transfer> {
  checkStep(transfer.status, "RJCT");
  await bookReturn(tx, transfer, at);
  const returned: Transfer = { ...transfer, status: "RJCT", reason, statusAt: at };
  await saveTransfer(tx, returned);
  return returned;
}

/** The transfer, but for how it stands; without sums, its amounts are those that were asked for. */
function transferOf(
  { id, payment, account, order, verdict, rates, at }: Move,
  currency: string,
): { readonly sums: ReturnType<typeof sumsOf>; readonly base: Omit<Transfer, "status" | "reason"> } {
  const { creditCurrency, creditor, reference, endToEnd } = order;
  const sums = sumsOf(order, currency, rates);
  const base = {
    id,
    payment,
    account,
    amount: sums?.debit ?? order.amount,
    currency,
    creditAmount: sums?.credit ?? order.amount,
    creditCurrency,
    creditor,
    reference,
    endToEnd,
    watched: verdict === "watch",
    at,
    statusAt: at,
  };
  return { sums, base };
}
