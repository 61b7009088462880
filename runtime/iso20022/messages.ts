/** An amount as ISO 20022 writes it: decimal text, and its currency (ISO 4217). */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** An account: an IBAN, or a number of another scheme. */
export interface CashAccount {
  readonly scheme: string;
  readonly identification: string;
}

/** Somebody who pays or is paid. */
export interface Party {
  readonly name: string;
  readonly account: CashAccount;
}

/** One credit transfer, as an order to a bank and between banks. */
export interface CreditTransfer {
  readonly instructionId: string | undefined;
  readonly endToEndId: string;
  readonly money: Money;
  readonly creditor: Party;
  readonly remittance: readonly string[];
}

/** `pain.001`: a customer asks its bank to pay. */
export interface Initiation {
  readonly messageId: string;
  readonly createdAt: string;
  /** `2026-11-22`. */
  readonly executionDate: string;
  readonly debtor: Party;
  readonly transfers: readonly CreditTransfer[];
}

/** `pain.002`: what became of it. */
export interface StatusReport {
  readonly messageId: string;
  readonly createdAt: string;
  /** Of the message it is about. */
  readonly originalMessageId: string;
  readonly transactions: readonly {
    readonly endToEndId: string;
    /** ISO 20022 external payment transaction status, such as `ACSC`. */
    readonly status: string;
    readonly reason: string | undefined;
  }[];
}

/** `pacs.008`: one bank pays another for its customer. */
export interface InterbankTransfer {
  readonly messageId: string;
  readonly createdAt: string;
  readonly debtor: Party;
  readonly transfer: CreditTransfer & { readonly transactionId: string };
}

/** `camt.053`: what was booked on an account. */
export interface Statement {
  readonly messageId: string;
  readonly createdAt: string;
  readonly statementId: string;
  readonly from: string;
  readonly to: string;
  readonly account: CashAccount;
  readonly opening: Balance;
  readonly closing: Balance;
  readonly entries: readonly Entry[];
}

/** Money an account holds, or owes. */
export interface Balance {
  readonly money: Money;
  readonly direction: "CRDT" | "DBIT";
  readonly date: string;
}

/** One booking. */
export interface Entry {
  readonly reference: string;
  readonly money: Money;
  readonly direction: "CRDT" | "DBIT";
  readonly bookedAt: string;
  /** Family and sub-family of the bank transaction code. */
  readonly family: string;
  readonly subFamily: string;
  readonly information: string;
}
