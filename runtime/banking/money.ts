/** Decimals of the currencies that do not have two. Source: ISO 4217, column "Minor unit". */
const MINOR_UNITS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    [
      "BIF",
      "CLP",
      "DJF",
      "GNF",
      "ISK",
      "JPY",
      "KMF",
      "KRW",
      "PYG",
      "RWF",
      "UGX",
      "VND",
      "VUV",
      "XAF",
      "XOF",
      "XPF",
    ].map((currency) => [currency, 0]),
  ),
  ...Object.fromEntries(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"].map((currency) => [currency, 3])),
};

/** Decimals of a currency: how many digits of an amount in minor units stand behind the point. */
export function minorUnits(currency: string): number {
  return MINOR_UNITS[currency] ?? 2;
}

/** An amount without its sign, as the standard writes it: `123456` minor units of KES are `1234.56`. */
export function amountText(minor: bigint, currency: string): string {
  const decimals = minorUnits(currency);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(decimals + 1, "0");
  if (decimals === 0) return digits;
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Which way money went, in the words of the standard; nothing at all is a credit. */
export function creditOrDebit(minor: bigint): "Credit" | "Debit" {
  return minor < 0n ? "Debit" : "Credit";
}

/** Minor units of a whole and hundredths written as a number, for literals: `minor(12.5, "EUR")` is 1250. */
export function minor(amount: number, currency: string): bigint {
  return BigInt(Math.round(amount * 10 ** minorUnits(currency)));
}
