/** An amount of money as the standard writes it. */
export interface Money {
  readonly Amount: string;
  readonly Currency: string;
}

/** An amount as people read it: `KES 1,200.50`. Its digits are not touched. */
export function moneyWords(amount: Money | string): string {
  const [text, currency] = typeof amount === "string" ? [amount, ""] : [amount.Amount, `${amount.Currency} `];
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/^0+(?=\d)/, "").replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return currency + (fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

const INTERVALS: Readonly<Record<string, string>> = {
  DAIL: "every day",
  WEEK: "every week",
  FRTN: "every two weeks",
  MNTH: "every month",
  QURT: "every three months",
  MIAN: "twice a year",
  YEAR: "every year",
  TWMH: "every two months",
  INDA: "several times a day",
  ADHO: "when it is due",
};

/** How often, in words; one we have no words for is named as it is, never hidden. */
export function interval(code: string, count?: number): string {
  const words = INTERVALS[code] ?? code;
  return count === undefined || count === 1 ? words : `${words}, ${count} times each`;
}
