import type { Permission } from "../../../crds/consent-policy.ts";

/** What each permission lets a partner see, in words a customer understands. */
const WORDS: Readonly<Record<Permission, string>> = {
  ReadAccountsBasic: "The kind and currency of your accounts",
  ReadAccountsDetail: "Your account names and numbers",
  ReadBalances: "Your balances",
  ReadBeneficiariesBasic: "The people and companies you have saved for payments",
  ReadBeneficiariesDetail: "The account numbers of people and companies you have saved for payments",
  ReadDirectDebits: "Your direct debits",
  ReadOffers: "Offers made to you",
  ReadPAN: "Your full card numbers",
  ReadParty: "The names of the account holders",
  ReadPartyPSU: "Your name, address and contact details",
  ReadProducts: "The terms of your accounts",
  ReadScheduledPaymentsBasic: "Payments you have scheduled",
  ReadScheduledPaymentsDetail: "To whom you have scheduled payments",
  ReadStandingOrdersBasic: "Your standing orders",
  ReadStandingOrdersDetail: "To whom your standing orders pay",
  ReadStatementsBasic: "When your statements were made",
  ReadStatementsDetail: "What your statements say",
  ReadTransactionsBasic: "Dates and amounts of your transactions",
  ReadTransactionsCredits: "Money that came in",
  ReadTransactionsDebits: "Money that went out",
  ReadTransactionsDetail: "With whom each transaction was and what for",
};

/** What a consent's permissions mean, in the standard's order; one we do not know is named as it is, never hidden. */
export function permissionWords(permissions: readonly string[]): readonly string[] {
  const words: Readonly<Record<string, string>> = WORDS;
  const order = Object.keys(WORDS);
  const place = (permission: string): number =>
    (order.indexOf(permission) + order.length + 1) % (order.length + 1);
  return permissions
    .toSorted((a, b) => place(a) - place(b))
    .map((permission) => words[permission] ?? permission);
}
