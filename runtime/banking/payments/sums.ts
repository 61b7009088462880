import type { Order } from "./payment.ts";
import { exchanged, type Rates } from "./rates.ts";

/** What is debited and what arrives, in minor units; undefined when a currency is not exchanged here. */
export function sumsOf(
  {
    amount,
    currency,
    creditCurrency,
    agreedRate,
  }: Pick<Order, "amount" | "currency" | "creditCurrency" | "agreedRate">,
  payerCurrency: string,
  rates: Rates,
): { readonly debit: bigint; readonly credit: bigint } | undefined {
  const sum = (to: string, rounding: "up" | "down"): bigint | undefined => {
    if (to === currency) return amount;
    const rate = to === creditCurrency && agreedRate !== undefined ? agreedRate : rates.rate(currency, to);
    return rate === undefined ? undefined : exchanged(amount, { from: currency, to, rate }, rounding);
  };
  const debit = sum(payerCurrency, "up");
  const credit = payerCurrency === creditCurrency ? debit : sum(creditCurrency, "down");
  return debit === undefined || credit === undefined || debit === 0n || credit === 0n
    ? undefined
    : { debit, credit };
}
