import type { Access } from "./access.ts";
import type { Account, Transaction } from "./core-bank.ts";
import { amountText, creditOrDebit } from "./money.ts";

/** An account as partners read it (`OBAccount6`); its number and holder only with ReadAccountsDetail. */
export function accountAnswer(account: Account, access: Access): object {
  const { scheme, identification, holder } = account;
  return {
    AccountId: account.id,
    Status: account.status,
    StatusUpdateDateTime: account.statusUpdatedAt.toISOString(),
    Currency: account.currency,
    AccountCategory: account.category,
    AccountTypeCode: account.typeCode,
    Description: account.description,
    ...(account.nickname === undefined ? {} : { Nickname: account.nickname }),
    OpeningDate: account.openedAt.toISOString(),
    ...(access.may("ReadAccountsDetail")
      ? { Account: [{ SchemeName: scheme, Identification: identification, Name: holder }] }
      : {}),
  };
}

/** An account's balances (`OBReadBalance1`): booked, and available. */
export function balanceAnswers({ id, currency, balance, overdraft }: Account, now: Date): readonly object[] {
  const common = {
    AccountId: id,
    CreditDebitIndicator: creditOrDebit(balance),
    DateTime: now.toISOString(),
    Amount: { Amount: amountText(balance, currency), Currency: currency },
  };
  const creditLine = {
    Included: false,
    Type: "Pre-Agreed",
    Amount: { Amount: amountText(overdraft, currency), Currency: currency },
  };
  return [
    { ...common, Type: "ITBD" },
    { ...common, Type: "ITAV", ...(overdraft > 0n ? { CreditLine: [creditLine] } : {}) },
  ];
}

/** A transaction as partners read it (`OBTransaction6`); words, sides and balance only with ReadTransactionsDetail. */
export function transactionAnswer(transaction: Transaction, access: Access): object {
  const { currency, amount, bookedAt } = transaction;
  return {
    AccountId: transaction.account,
    TransactionId: transaction.id,
    TransactionReference: transaction.reference,
    CreditDebitIndicator: creditOrDebit(amount),
    Status: "BOOK",
    TransactionMutability: "Immutable",
    BookingDateTime: bookedAt.toISOString(),
    ValueDateTime: bookedAt.toISOString(),
    Amount: { Amount: amountText(amount, currency), Currency: currency },
    BankTransactionCode: { Code: transaction.family, SubCode: transaction.subFamily },
    ...(access.may("ReadTransactionsDetail") ? transactionDetail(transaction) : {}),
  };
}

function transactionDetail(transaction: Transaction): object {
  const { currency, amount, balanceAfter, counterparty, merchantCategory, information } = transaction;
  const side = counterparty === undefined ? undefined : { Name: counterparty };
  return {
    TransactionInformation: information,
    Balance: {
      CreditDebitIndicator: creditOrDebit(balanceAfter),
      Type: "ITBD",
      Amount: { Amount: amountText(balanceAfter, currency), Currency: currency },
    },
    ...(merchantCategory === undefined
      ? {}
      : {
          MerchantDetails: {
            ...(side && { MerchantName: side.Name }),
            MerchantCategoryCode: merchantCategory,
          },
        }),
    ...(side === undefined ? {} : amount < 0n ? { CreditorAccount: side } : { DebtorAccount: side }),
  };
}
