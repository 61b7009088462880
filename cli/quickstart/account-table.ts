import type { Account, Balance, Transaction } from "./account-api.ts";
import { table } from "./table.ts";

/** An account with what was read about it. */
export interface ReadAccount {
  readonly account: Account;
  readonly balances: readonly Balance[];
  readonly transactions: readonly Transaction[];
}

/** The accounts as a small table: what, how much, how many movements, and the newest. */
export function accountTable(accounts: readonly ReadAccount[]): string {
  const columns = [
    { title: "ACCOUNT" },
    { title: "NAME" },
    { title: "BALANCE", align: "right" },
    { title: "CURRENCY" },
    { title: "TRANSACTIONS", align: "right" },
    { title: "NEWEST" },
  ] as const;
  return table(
    columns,
    accounts.map(({ account, balances, transactions }) => {
      const [balance] = balances;
      const newest = transactions.toSorted((a, b) => b.BookingDateTime.localeCompare(a.BookingDateTime))[0];
      return [
        account.Account?.[0]?.Identification ?? account.AccountId,
        account.Nickname ?? account.Account?.[0]?.Name ?? account.Description ?? "",
        balance === undefined ? "" : signed(balance),
        account.Currency,
        String(transactions.length),
        newest === undefined ? "" : movement(newest),
      ];
    }),
  );
}

function movement(transaction: Transaction): string {
  const day = transaction.BookingDateTime.slice(0, 10);
  return [day, signed(transaction), transaction.TransactionInformation ?? ""].join(" ").trimEnd();
}

function signed({ Amount, CreditDebitIndicator }: Pick<Balance, "Amount" | "CreditDebitIndicator">): string {
  return `${CreditDebitIndicator === "Debit" ? "-" : ""}${Amount.Amount}`;
}
