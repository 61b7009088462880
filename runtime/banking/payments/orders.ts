import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { minorUnits } from "../money.ts";
import type { PaymentKind } from "./kinds.ts";
import type { Members, Order } from "./payment.ts";
import type { Schedule } from "./schedule.ts";

const Amount = Type.Object({
  Amount: Type.String({ pattern: "^\\d{1,13}(\\.\\d{1,5})?$" }),
  Currency: Type.String({ pattern: "^[A-Z]{3}$" }),
});
type Amount = Static<typeof Amount>;

const text = Type.Optional(Type.String());

/** What we read of an `Initiation` or `Instruction`; the consent service has checked the whole of it. */
const Instructions = Compile(
  Type.Object({
    EndToEndIdentification: text,
    InstructionIdentification: text,
    InstructedAmount: Type.Optional(Amount),
    FirstPaymentAmount: Type.Optional(Amount),
    RecurringPaymentAmount: Type.Optional(Amount),
    FinalPaymentAmount: Type.Optional(Amount),
    NumberOfPayments: text,
    CurrencyOfTransfer: text,
    ExchangeRateInformation: Type.Optional(
      Type.Object({
        UnitCurrency: Type.String(),
        RateType: Type.String(),
        ExchangeRate: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
      }),
    ),
    RequestedExecutionDateTime: text,
    CreditorAccount: Type.Object({
      SchemeName: Type.String(),
      Identification: Type.String(),
      Name: text,
    }),
    RemittanceInformation: Type.Optional(
      Type.Object({ Unstructured: Type.Optional(Type.Array(Type.String())) }),
    ),
    MandateRelatedInformation: Type.Optional(
      Type.Object({
        FirstPaymentDateTime: text,
        FinalPaymentDateTime: text,
        Frequency: Type.Object({ Type: Type.String() }),
      }),
    ),
  }),
);
type Instructions = Static<ReturnType<typeof Instructions.Type>>;

/** What is to be paid, how often, and when; undefined when the members say no such thing. */
export interface PaymentPlan {
  /** The order of the n-th run, from 0. */
  order(run: number): Order | undefined;
  /** Undefined: at once. */
  readonly schedule: Schedule | undefined;
}

/**
 * Reads what a payment says is to be done; files are read by `file.ts`.
 *
 * @param members `Initiation`, or `Instruction` of a variable recurring payment.
 * @returns undefined when it cannot be read, or an amount has more decimals than its currency.
 */
export function planOf(kind: PaymentKind, members: Members): PaymentPlan | undefined {
  if (!Instructions.Check(members)) return undefined;
  const first = members.InstructedAmount ?? members.FirstPaymentAmount;
  const { RecurringPaymentAmount: again = first, FinalPaymentAmount: final = again } = members;
  if (first === undefined || again === undefined || final === undefined) return undefined;
  if ([first, again, final].some((amount) => orderOf(members, amount) === undefined)) return undefined;
  const schedule = scheduleOf(kind, members);
  if (schedule !== undefined && Number.isNaN(schedule.first.getTime())) return undefined;
  return {
    schedule,
    order(run) {
      const isLast = run > 0 && run + 1 === schedule?.count;
      return orderOf(members, run === 0 ? first : isLast ? final : again);
    },
  };
}

/** One order of a payment or of a line of a file; undefined when its amount is nothing or too fine. */
export function orderOf(members: Members, amount: Amount): Order | undefined {
  const minor = minorOf(amount);
  if (minor === undefined || minor === 0n || !Instructions.Check(members)) return undefined;
  const {
    CreditorAccount: account,
    ExchangeRateInformation: exchange,
    EndToEndIdentification: end,
  } = members;
  const [words = ""] = members.RemittanceInformation?.Unstructured ?? [];
  const reference = (words.trim() === "" ? end : words) ?? "Payment";
  return {
    amount: minor,
    currency: amount.Currency,
    creditCurrency: members.CurrencyOfTransfer ?? amount.Currency,
    agreedRate: agreedRate(exchange, amount.Currency),
    creditor: {
      scheme: account.SchemeName,
      identification: account.Identification,
      name: account.Name ?? account.Identification,
    },
    reference,
    endToEnd: end ?? members.InstructionIdentification ?? reference.slice(0, 35),
  };
}

/** A rate is said for one unit of a currency, which may be that of the amount or the other one. */
function agreedRate(exchange: Instructions["ExchangeRateInformation"], currency: string): number | undefined {
  if (exchange?.RateType !== "Agreed" || exchange.ExchangeRate === undefined) return undefined;
  return exchange.UnitCurrency === currency ? exchange.ExchangeRate : 1 / exchange.ExchangeRate;
}

/** An amount in minor units; undefined when it has more decimals than its currency. */
export function minorOf({ Amount: amount, Currency: currency }: Amount): bigint | undefined {
  const decimals = minorUnits(currency);
  const [, whole, fraction = ""] = /^(\d{1,13})(?:\.(\d{1,5}))?$/.exec(amount) ?? [];
  const [kept, rest] = [fraction.slice(0, decimals), fraction.slice(decimals)];
  if (whole === undefined || /[^0]/.test(rest)) return undefined;
  return BigInt(whole + kept.padEnd(decimals, "0"));
}

function scheduleOf(kind: PaymentKind, members: Instructions): Schedule | undefined {
  const { RequestedExecutionDateTime: date, MandateRelatedInformation: mandate } = members;
  if (kind.endsWith("scheduled-payment")) {
    return { first: new Date(date ?? ""), frequency: "NONE", last: undefined, count: 1 };
  }
  if (!kind.endsWith("standing-order")) return undefined;
  const { FirstPaymentDateTime: first, FinalPaymentDateTime: last, Frequency } = mandate ?? {};
  const count = Number(members.NumberOfPayments);
  return {
    first: new Date(first ?? ""),
    frequency: Frequency?.Type ?? "NONE",
    last: last === undefined ? undefined : new Date(last),
    count: Number.isInteger(count) && count > 0 ? count : undefined,
  };
}
