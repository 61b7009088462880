import { Problem } from "../service/problem.ts";

/**
 * What the API needs of the core bank. The embedded ledger is one; an adapter to another core is another, all of whose
 * functions throw {@link CoreUnavailable} when it gives no answer.
 */
export interface CoreBank {
  /** The customer with these credentials, or undefined. Takes as long for a name that does not exist. */
  login(username: string, password: string): Promise<string | undefined>;
  /** A customer's accounts, in a fixed order. */
  accountsOf(customer: string): Promise<readonly Account[]>;
  /** Whether an account exists, whoever holds it. */
  exists(account: string): Promise<boolean>;
  /** A page of booked transactions, newest first; undefined when the place it starts from is none. */
  transactions(query: TransactionQuery): Promise<TransactionPage | undefined>;
  /** One transaction, if it is among those. */
  transaction(id: string, among: Omit<TransactionQuery, "place" | "limit">): Promise<Transaction | undefined>;
}

/** The bank's core gives no answer now: nobody knows, which is another thing than that there is nothing. */
export class CoreUnavailable extends Problem {
  constructor(options?: { readonly cause?: unknown }) {
    const detail = "The bank's books cannot be read now; ask again in a few seconds.";
    super(503, "CoreUnavailable", detail, options);
  }
}

/** An account as it stands. */
export interface Account {
  readonly id: string;
  readonly currency: string;
  readonly category: "Personal" | "Business";
  /** ISO 20022 external cash account type, such as `CACC`. */
  readonly typeCode: string;
  readonly description: string;
  readonly nickname: string | undefined;
  readonly holder: string;
  /** Kind of number, such as `UK.OBIE.IBAN`. */
  readonly scheme: string;
  readonly identification: string;
  readonly status: "Enabled" | "Disabled" | "Pending";
  readonly statusUpdatedAt: Date;
  readonly openedAt: Date;
  /** In minor units; positive when the bank owes the customer. */
  readonly balance: bigint;
  /** How far the balance may go below zero, in minor units. */
  readonly overdraft: bigint;
}

/** A booked transaction, as the holder of its account sees it. */
export interface Transaction {
  /** Letters, digits and `._:-`, at most 64 of them. */
  readonly id: string;
  readonly account: string;
  readonly currency: string;
  /** In minor units; positive when it came in. */
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly bookedAt: Date;
  readonly reference: string;
  readonly information: string;
  /** ISO 20022 bank transaction code. */
  readonly family: string;
  readonly subFamily: string;
  readonly merchantCategory: string | undefined;
  readonly counterparty: string | undefined;
}

/** Which transactions. */
export interface TransactionQuery {
  readonly accounts: readonly string[];
  /** Both ends belong to it. */
  readonly from: Date;
  readonly to: Date;
  readonly credits: boolean;
  readonly debits: boolean;
  /** Where the page begins: beside a transaction, towards older or newer ones. Absent: at the newest. */
  readonly place?: Place;
  readonly limit: number;
}

export interface Place {
  readonly towards: "older" | "newer";
  /** Id of the transaction beside the page; not part of it. */
  readonly beside: string;
}

export interface TransactionPage {
  /** Newest first. */
  readonly transactions: readonly Transaction[];
  readonly older: boolean;
  readonly newer: boolean;
  /** Of all pages together. */
  readonly total: number;
}

/** An account of a customer, or undefined. */
export async function accountOf(
  bank: Pick<CoreBank, "accountsOf">,
  customer: string,
  id: string,
): Promise<Account | undefined> {
  return (await bank.accountsOf(customer)).find((account) => account.id === id);
}
