import type { ObukFault } from "../../service/obuk-error.ts";
import type { Circumstances } from "./kind.ts";

/** Findings about parts that several kinds share; each is empty when there is nothing to say. */

/** An amount of money as the standard writes it. */
export interface AmountOf {
  readonly Amount: string;
  readonly Currency: string;
}

/** Amounts that are nothing, and amounts of one request in several currencies. */
export function amountFaults(amounts: Readonly<Record<string, AmountOf | undefined>>): readonly ObukFault[] {
  const given = Object.entries(amounts).flatMap(([path, amount]) =>
    amount === undefined ? [] : [{ path, amount }],
  );
  const currency = given[0]?.amount.Currency;
  return given.flatMap(({ path, amount: { Amount, Currency } }) => {
    if (!/[1-9]/.test(Amount))
      return [invalid(`${path}.Amount is nothing; name an amount.`, `${path}.Amount`)];
    if (Currency === currency) return [];
    const message = `${path}.Currency is ${Currency}, but the first amount is in ${currency}; use one currency.`;
    return [invalid(message, `${path}.Currency`)];
  });
}

/** A time that must still come. */
export function futureFaults(
  path: string,
  time: string | undefined,
  { now }: Pick<Circumstances, "now">,
): readonly ObukFault[] {
  if (time === undefined || new Date(time) > now) return [];
  return [{ reason: "FieldInvalidDate", message: `${path} is in the past.`, path }];
}

/** How far ahead a payment may be asked for, in ms: two years. */
const FURTHEST_MS = 731 * 86_400_000;

/** When something is to be paid: a time that must still come, and soon enough for what the customer agreed to. */
export function executionFaults(
  path: string,
  time: string | undefined,
  { now }: Pick<Circumstances, "now">,
): readonly ObukFault[] {
  if (time === undefined || new Date(time).getTime() <= now.getTime() + FURTHEST_MS)
    return futureFaults(path, time, { now });
  return [{ reason: "FieldInvalidDate", message: `${path} is more than two years ahead.`, path }];
}

/** Two times that must be in their order. */
export function orderFaults(
  [firstPath, first]: readonly [string, string | undefined],
  [secondPath, second]: readonly [string, string | undefined],
): readonly ObukFault[] {
  if (first === undefined || second === undefined || new Date(first) <= new Date(second)) return [];
  return [{ reason: "FieldInvalidDate", message: `${secondPath} is before ${firstPath}.`, path: secondPath }];
}

/** A value that is well formed and cannot be meant. */
export function invalid(message: string, path: string): ObukFault {
  return { reason: "FieldInvalid", message, path };
}
