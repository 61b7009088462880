import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import type { Access } from "../access.ts";
import type { Account, Transaction } from "../core-bank.ts";
import { amountText } from "../money.ts";

/** A link of `_links`. */
export interface Href {
  readonly href: string;
}

/** The link to an address below the interface. */
export function hrefTo(apiHost: string, path: string): Href {
  return { href: `https://${apiHost}${BERLIN_GROUP_PATH}${path}` };
}

/** The links of an account: what the consent gives of it. */
function accountLinks({ id }: Account, access: Access, apiHost: string): object {
  const link = (name: string): object => ({ [name]: hrefTo(apiHost, `/accounts/${id}/${name}`) });
  return {
    ...(access.may("ReadBalances") ? link("balances") : {}),
    ...(access.may("ReadTransactionsBasic", "ReadTransactionsDetail") ? link("transactions") : {}),
  };
}

/** An account as partners read it (`accountDetails`); its number only with ReadAccountsDetail. */
export function accountDetails(
  account: Account,
  access: Access,
  { apiHost, withBalance }: { readonly apiHost: string; readonly withBalance: boolean },
): object {
  const { id, currency, nickname, description, typeCode, status, category } = account;
  return {
    resourceId: id,
    ...numberOf(account, access),
    currency,
    ...(nickname === undefined ? {} : { displayName: nickname.slice(0, 70) }),
    product: description.slice(0, 35),
    cashAccountType: typeCode,
    status: status === "Disabled" ? "blocked" : "enabled",
    usage: category === "Business" ? "ORGA" : "PRIV",
    ...(withBalance && access.may("ReadBalances") ? { balances: balancesOf(account) } : {}),
    _links: accountLinks(account, access, apiHost),
  };
}

/** What the number of an account is called by the standard that names it. */
const NUMBERS: Readonly<Record<string, "iban" | "bban">> = { "UK.OBIE.IBAN": "iban", "UK.OBIE.BBAN": "bban" };

function numberOf({ scheme, identification }: Account, access: Access): object {
  const member = NUMBERS[scheme];
  return member === undefined || !access.may("ReadAccountsDetail") ? {} : { [member]: identification };
}

/** An account as answers about it name it (`accountReference`). */
export function accountReference(account: Account, access: Access): object {
  return { ...numberOf(account, access), currency: account.currency };
}

/** An account's balances (`balanceList`): booked, and available. */
export function balancesOf({ balance, currency }: Account): readonly object[] {
  const balanceAmount = amountOf(balance, currency);
  return [
    { balanceAmount, balanceType: "interimBooked" },
    { balanceAmount, balanceType: "interimAvailable", creditLimitIncluded: false },
  ];
}

/** A transaction as partners read it (`transactions`); words, sides and balance only with ReadTransactionsDetail. */
export function transactionOf(transaction: Transaction, access: Access, apiHost: string): object {
  const { id, account, amount, currency, bookedAt, reference, family, subFamily } = transaction;
  return {
    transactionId: id,
    entryReference: reference.slice(0, 35),
    bookingDate: dateOf(bookedAt),
    valueDate: dateOf(bookedAt),
    transactionAmount: amountOf(amount, currency),
    bankTransactionCode: `PMNT-${family}-${subFamily}`,
    ...(access.may("ReadTransactionsDetail") ? details(transaction) : {}),
    _links: { transactionDetails: hrefTo(apiHost, `/accounts/${account}/transactions/${id}`) },
  };
}

function details({ amount, currency, balanceAfter, counterparty, information }: Transaction): object {
  return {
    ...(counterparty === undefined
      ? {}
      : { [amount < 0n ? "creditorName" : "debtorName"]: counterparty.slice(0, 70) }),
    remittanceInformationUnstructured: information.slice(0, 140),
    balanceAfterTransaction: {
      balanceAmount: amountOf(balanceAfter, currency),
      balanceType: "interimBooked",
    },
  };
}

/** An amount with its sign (`amount`): what left the account is below nothing. */
export function amountOf(minor: bigint, currency: string): object {
  return { currency, amount: `${minor < 0n ? "-" : ""}${amountText(minor, currency)}` };
}

function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
