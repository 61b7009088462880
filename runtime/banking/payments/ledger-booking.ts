import { createHash } from "node:crypto";
import type { Queries } from "../../service/postgres.ts";
import { book, type Posting } from "../booking.ts";
import type { Account } from "../core-bank.ts";
import { accountOfRow, type AccountRow } from "../ledger.ts";
import type { Verdict } from "./fraud.ts";
import type { Creditor, Transfer } from "./payment.ts";
import type { Reason } from "./status.ts";

/** Sides of the bank per purpose and currency, as in sql/0002. */
const SIDES = 16;

/** What of a transfer the books are about. */
export type Movement = Pick<
  Transfer,
  "id" | "account" | "amount" | "currency" | "creditAmount" | "creditCurrency" | "creditor" | "reference"
>;

/** Whose accounts a movement touches; the payee's only when it is one of ours. */
export interface Sides {
  readonly payer: Account | undefined;
  readonly payee: Account | undefined;
}

/** Finds both sides in the embedded ledger, and keeps others from moving anything there until the transaction ends. */
export async function lockSides(tx: Queries, account: string, creditor: Creditor): Promise<Sides> {
  const own = await accountNumbered(tx, creditor);
  const accounts = await lockAccounts(tx, [account, ...(own === undefined ? [] : [own])]);
  return { payer: accounts.get(account), payee: own === undefined ? undefined : accounts.get(own) };
}

/** Why money cannot move, in the order in which a payer would want to know. */
export function refusal(
  { amount, creditCurrency }: Pick<Movement, "amount" | "creditCurrency">,
  { payer, payee }: { readonly payer: Account; readonly payee: Account | undefined },
  verdict: Verdict,
): Reason | undefined {
  if (payer.status !== "Enabled") return "AC06";
  if (verdict === "refuse") return "FRAD";
  if (payee !== undefined && payee.status !== "Enabled") return "AC04";
  if (payee !== undefined && payee.currency !== creditCurrency) return "AM03";
  if (payee?.id === payer.id) return "AC03";
  return payer.balance + payer.overdraft < amount ? "AM04" : undefined;
}

/** Books money that moves: to the payee here, or aside for another bank. */
export async function bookMovement(
  tx: Queries,
  movement: Movement,
  { payer, payee }: Sides,
  at: Date,
): Promise<void> {
  await book(tx, {
    reference: movement.id,
    bookedAt: at,
    information: movement.reference.slice(0, 500),
    family: payee === undefined ? "ICDT" : "IRCT",
    subFamily: payee === undefined ? "DMCT" : "BOOK",
    postings: sidesOf(movement, payer, payee),
  });
}

/** Books back money that had been set aside. Throws when that was done before. */
export async function bookReturn(tx: Queries, movement: Movement, at: Date): Promise<void> {
  const sides = sidesOf(movement).map((posting) => ({ ...posting, amount: -posting.amount }));
  await lockAccounts(tx, [movement.account]);
  await book(tx, {
    reference: `${movement.id}/return`,
    bookedAt: at,
    information: `Returned: ${movement.reference}`,
    family: "RRCT",
    subFamily: "RRTN",
    postings: sides,
  });
}

/** The account's id with this bank, when the payee's is one of ours. */
async function accountNumbered(tx: Queries, creditor: Creditor): Promise<string | undefined> {
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

/** All sides of a transfer's entry: per currency they come to nothing. */
function sidesOf(movement: Movement, payer?: Account, payee?: Account): readonly Posting[] {
  const { account, amount, currency, creditAmount, creditCurrency, creditor } = movement;
  const side = createHash("sha256").update(movement.id).digest().readUInt8(0) % SIDES;
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
