import { minorUnits } from "../money.ts";

/** What one unit of a currency is worth in another. */
export interface Rates {
  /** Undefined when one of the two is not exchanged here. */
  rate(from: string, to: string): number | undefined;
}

/** Units of each currency for one US dollar: fixed, so that a sandbox gives the same answers every day. */
const PER_DOLLAR: Readonly<Record<string, number>> = {
  KES: 129.2,
  UGX: 3_650,
  TZS: 2_480,
  RWF: 1_440,
  ETB: 142,
  ZAR: 17.8,
  EUR: 0.92,
  GBP: 0.79,
  USD: 1,
  CHF: 0.88,
  JPY: 151,
};

/** Currencies that are exchanged here. */
export const CURRENCIES: readonly string[] = Object.keys(PER_DOLLAR);

/** The embedded core's rates. */
export const fixedRates: Rates = {
  rate(from, to) {
    const dear = PER_DOLLAR[from];
    const cheap = PER_DOLLAR[to];
    return dear === undefined || cheap === undefined ? undefined : rounded(cheap / dear);
  },
};

/** Six significant digits after a leading zero or more, as rates are quoted; a rate said to a partner is the one used. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(8));
}

const SCALE = 12;

/**
 * An amount in another currency, in its minor units.
 *
 * @param rounding `up` when the bank is to get it, `down` when it is to give it: it never pays the difference.
 */
export function exchanged(
  amount: bigint,
  { from, to, rate }: { readonly from: string; readonly to: string; readonly rate: number },
  rounding: "up" | "down",
): bigint {
  const scaled = BigInt(Math.round(rate * 10 ** SCALE));
  const numerator = amount * scaled * 10n ** BigInt(minorUnits(to));
  const denominator = 10n ** BigInt(SCALE + minorUnits(from));
  const whole = numerator / denominator;
  return rounding === "up" && whole * denominator < numerator ? whole + 1n : whole;
}
