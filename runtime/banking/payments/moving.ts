import { createHash } from "node:crypto";
import type { Queries } from "../../service/postgres.ts";
import { book, type Posting } from "../booking.ts";
import type { Account } from "../core-bank.ts";
import { accountOfRow, type AccountRow } from "../ledger.ts";
import type { Verdict } from "./fraud.ts";
import type { Order, Transfer } from "./payment.ts";
import { exchanged, type Rates } from "./rates.ts";
import { saveTransfer } from "./store.ts";
import { checkStep, type Reason, type TransferState } from "./status.ts";

/** Sides of the bank per purpose and currency, as in sql/0002. */
const SIDES = 16;

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
}

/**
 * Moves money, or keeps why it does not move; at most once for an id.
 *
 * Between two accounts of this bank it arrives at once. To another bank it is set aside, and leaves by the table
 * `outgoing`.
 *
 * @param tx where everything about it happens, or nothing.
 */
export async function move(tx: Queries, asked: Move): Promise<Transfer> {
  const { id, order, verdict, at } = asked;
  const own = await accountNumbered(tx, order);
  const accounts = await lockAccounts(tx, [asked.account, ...(own === undefined ? [] : [own])]);
  const payer = accounts.get(asked.account);
  if (payer === undefined) throw new Error(`The account of transfer ${id} is gone.`);
  const payee = own === undefined ? undefined : accounts.get(own);
  const sums = sumsOf(order, payer.currency, asked.rates);
  const base = transferOf(asked, payer.currency, sums ?? { debit: order.amount, credit: order.amount });
  const reason = sums === undefined ? "AM03" : refusal(payer, payee, sums.debit, order, verdict);
  const status: TransferState =
    reason !== undefined ? "RJCT" : verdict === "hold" ? "PDNG" : payee === undefined ? "ACSP" : "ACCC";
  const outcome = reason ?? (status === "ACSP" ? "U034" : status === "PDNG" ? "U031" : undefined);
  const transfer: Transfer = { ...base, status, reason: outcome, watched: verdict === "watch", statusAt: at };
  await saveTransfer(tx, transfer);
  if (status === "ACSP" || status === "ACCC") {
    await bookTransfer(tx, transfer, payer, payee);
  }
  if (status === "ACSP") {
    const { scheme, identification, holder } = payer;
    const message = { debtor: { scheme, identification, name: holder } };
    await tx.query("insert into outgoing (transfer, message, next_at) values ($1, $2, $3)", [
      id,
      message,
      at,
    ]);
  }
  return transfer;
}

/** Gives money back that another bank did not take; at most once. */
export async function giveBack(tx: Queries, transfer: Transfer, reason: Reason, at: Date): Promise<Transfer> {
  checkStep(transfer.status, "RJCT");
  const sides = sidesOf(transfer).map((posting) => ({ ...posting, amount: -posting.amount }));
  await lockAccounts(tx, [transfer.account]);
  await book(tx, {
    reference: `${transfer.id}/return`,
    bookedAt: at,
    information: `Returned: ${transfer.reference}`,
    family: "RRCT",
    subFamily: "RRTN",
    postings: sides,
  });
  const returned: Transfer = { ...transfer, status: "RJCT", reason, statusAt: at };
  await saveTransfer(tx, returned);
  return returned;
}

/** The account's id with this bank, when the payee's is one of ours. */
async function accountNumbered(tx: Queries, { creditor }: Order): Promise<string | undefined> {
  const { rows } = await tx.query<{ readonly id: string }>(
    "select id from accounts where scheme = $1 and identification = $2 and customer is not null",
    [creditor.scheme, creditor.identification],
  );
  return rows[0]?.id;
}

async function lockAccounts(tx: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, Account>> {
  const { rows } = await tx.query<AccountRow>("select * from lock_accounts($1)", [ids]);
  return new Map(rows.map((row) => [row.id, accountOfRow(row)]));
}

/** What is debited and what arrives, in minor units; undefined when a currency is not exchanged here. */
export function sumsOf(
  {
    amount,
    currency,
    creditCurrency,
    agreedRate,
  }: Pick<Order, "amount" | "currency" | "creditCurrency" | "agreedRate">,
  payerCurrency: string,
  rates: Rates,
): { readonly debit: bigint; readonly credit: bigint } | undefined {
  const sum = (to: string, rounding: "up" | "down"): bigint | undefined => {
    if (to === currency) return amount;
    const rate = to === creditCurrency && agreedRate !== undefined ? agreedRate : rates.rate(currency, to);
    return rate === undefined ? undefined : exchanged(amount, { from: currency, to, rate }, rounding);
  };
  const debit = sum(payerCurrency, "up");
  const credit = payerCurrency === creditCurrency ? debit : sum(creditCurrency, "down");
  return debit === undefined || credit === undefined || debit === 0n || credit === 0n
    ? undefined
    : { debit, credit };
}

/** Why money cannot move, in the order in which a payer would want to know. */
function refusal(
  payer: Account,
  payee: Account | undefined,
  debit: bigint,
  { creditCurrency }: Order,
  verdict: Verdict,
): Reason | undefined {
  if (payer.status !== "Enabled") return "AC06";
  if (verdict === "refuse") return "FRAD";
  if (payee !== undefined && payee.status !== "Enabled") return "AC04";
  if (payee !== undefined && payee.currency !== creditCurrency) return "AM03";
  if (payee?.id === payer.id) return "AC03";
  return payer.balance + payer.overdraft < debit ? "AM04" : undefined;
}

function transferOf(
  { id, payment, account, order, at }: Move,
  currency: string,
  { debit, credit }: { readonly debit: bigint; readonly credit: bigint },
): Omit<Transfer, "status" | "reason" | "watched" | "statusAt"> {
  const { creditCurrency, creditor, reference, endToEnd } = order;
  return {
    id,
    payment,
    account,
    amount: debit,
    currency,
    creditAmount: credit,
    creditCurrency,
    creditor,
    reference,
    endToEnd,
    at,
  };
}

async function bookTransfer(
  tx: Queries,
  transfer: Transfer,
  payer: Account,
  payee: Account | undefined,
): Promise<void> {
  await book(tx, {
    reference: transfer.id,
    bookedAt: transfer.statusAt,
    information: transfer.reference.slice(0, 500),
    family: payee === undefined ? "ICDT" : "IRCT",
    subFamily: payee === undefined ? "DMCT" : "BOOK",
    postings: sidesOf(transfer, payer, payee),
  });
}

/** All sides of a transfer's entry: per currency they come to nothing. */
function sidesOf(transfer: Transfer, payer?: Account, payee?: Account): readonly Posting[] {
  const { account, amount, currency, creditAmount, creditCurrency, creditor } = transfer;
  const side = createHash("sha256").update(transfer.id).digest().readUInt8(0) % SIDES;
  const debit: Posting = { account, currency, amount: -amount, counterparty: creditor.name.slice(0, 350) };
  const credit: Posting = {
    account: payee?.id ?? `outgoing-${creditCurrency}-${side}`,
    currency: creditCurrency,
    amount: creditAmount,
    ...(payer === undefined ? {} : { counterparty: payer.holder }),
  };
  if (currency === creditCurrency) return [debit, credit];
  return [
    debit,
    { account: `exchange-${currency}-${side}`, currency, amount },
    { account: `exchange-${creditCurrency}-${side}`, currency: creditCurrency, amount: -creditAmount },
    credit,
  ];
}
