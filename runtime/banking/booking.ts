import type { Queries } from "../service/postgres.ts";
import type { Account } from "./core-bank.ts";
import type { PasswordHash } from "./credentials.ts";

/** Money that goes from accounts to accounts. */
export interface Entry {
  /** The same one cannot be booked twice. */
  readonly reference: string;
  readonly bookedAt: Date;
  readonly information: string;
  /** ISO 20022 bank transaction code. */
  readonly family: string;
  readonly subFamily: string;
  readonly merchantCategory?: string;
  /** Per currency their amounts come to nothing; the database refuses to commit otherwise. */
  readonly postings: readonly Posting[];
}

/** One side of an entry. */
export interface Posting {
  readonly account: string;
  readonly currency: string;
  /** In minor units; positive adds to the account. */
  readonly amount: bigint;
  /** The other side as this account's holder knows it. */
  readonly counterparty?: string;
}

/** Books an entry; balances follow. Throws when an account would go below its overdraft. */
export async function book(tx: Queries, entry: Entry): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into entries (reference, booked_at, information, family, sub_family, merchant_category)
     values ($1, $2, $3, $4, $5, $6) returning id`,
    [
      entry.reference,
      entry.bookedAt,
      entry.information,
      entry.family,
      entry.subFamily,
      entry.merchantCategory,
    ],
  );
  // Always in the same order, so that two entries over the same accounts wait for each other instead of deadlocking.
  const postings = entry.postings.toSorted((a, b) => (a.account < b.account ? -1 : 1));
  for (const { account, currency, amount, counterparty } of postings) {
    await tx.query(
      `insert into postings (entry, booked_at, account, currency, amount, counterparty)
       values ($1, $2, $3, $4, $5, $6)`,
      [rows[0]?.id, entry.bookedAt, account, currency, amount, counterparty],
    );
  }
}

/** Someone the bank serves. */
export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly username: string;
  readonly password: PasswordHash;
}

/** Takes a customer in. @returns false when that id is known already; nothing is changed then. */
export async function addCustomer(
  tx: Queries,
  { id, name, createdAt, username, password }: Customer,
): Promise<boolean> {
  const { count } = await tx.query(
    "insert into customers (id, name, created_at) values ($1, $2, $3) on conflict do nothing",
    [id, name, createdAt],
  );
  if (count === 0) return false;
  await tx.query(
    "insert into credentials (username, customer, salt, hash, cost) values ($1, $2, $3, $4, $5)",
    [username, id, password.salt, password.hash, password.cost],
  );
  return true;
}

/** Opens an account with nothing on it; without a customer it is the bank's own. One that is there stays as it is. */
export async function openAccount(
  tx: Queries,
  account: Omit<Account, "balance"> & { readonly customer: string | undefined },
): Promise<void> {
  await tx.query(
    `insert into accounts (id, customer, currency, category, type_code, description, nickname, holder, scheme,
       identification, status, status_updated_at, opened_at, overdraft)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do nothing`,
    [
      account.id,
      account.customer,
      account.currency,
      account.category,
      account.typeCode,
      account.description,
      account.nickname,
      account.holder,
      account.scheme,
      account.identification,
      account.status,
      account.statusUpdatedAt,
      account.openedAt,
      account.overdraft,
    ],
  );
}
