import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { bankDay } from "../../service/bank-day.ts";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { exact, oneOf, optional, text } from "../kinds/shapes.ts";
import {
  aboutOf,
  amountOf,
  Day,
  debtorOf,
  formed,
  timeOf,
  transfer,
  unsupported,
  type Asking,
  type ReadPayment,
} from "./payment-members.ts";

/** What a partner sends to initiate payments again and again (NextGenPSD2 1.3.11, `periodicPaymentInitiation_json`). */
export const PeriodicRequest = exact({
  ...transfer,
  startDate: Day,
  endDate: optional(Day),
  frequency: text(35),
  executionRule: optional(oneOf(["following", "preceding"])),
  dayOfExecution: optional(Type.String({ pattern: "^([1-9]|[12][0-9]|3[01])$" })),
  monthsOfExecution: optional(Type.Unknown()),
});
export type PeriodicRequest = Static<typeof PeriodicRequest>;

const validator = Compile(PeriodicRequest);

/** How often, in the codes of both dialects; `monthly` ones fall on a day of the month. */
const FREQUENCIES: ReadonlyMap<string, { readonly code: string; readonly monthly: boolean }> = new Map([
  ["Daily", { code: "DAIL", monthly: false }],
  ["Weekly", { code: "WEEK", monthly: false }],
  ["EveryTwoWeeks", { code: "FRTN", monthly: false }],
  ["Monthly", { code: "MNTH", monthly: true }],
  ["EveryTwoMonths", { code: "TWMH", monthly: true }],
  ["Quarterly", { code: "QURT", monthly: true }],
  ["SemiAnnual", { code: "MIAN", monthly: true }],
  ["Annual", { code: "YEAR", monthly: true }],
]);

/**
 * A periodic payment: a standing order.
 *
 * @throws BerlinGroupError 400 that names what cannot be read or is not offered.
 */
export function readPeriodicRequest(body: unknown, asking: Asking): ReadPayment {
  const sent = formed(validator, body);
  const { endToEndIdentification, instructionIdentification, creditorAgent, creditorAddress } = sent;
  unsupported(
    { endToEndIdentification, instructionIdentification, creditorAgent, creditorAddress },
    "has no place in a standing order; leave it out.",
  );
  const { executionRule, monthsOfExecution, endDate } = sent;
  unsupported({ executionRule }, "moves no payment: the bank pays on every day of the week; leave it out.");
  unsupported({ monthsOfExecution }, "belongs to MonthlyVariable, which is not offered; leave it out.");
  const first = firstDay(sent, asking);
  if (endDate !== undefined && endDate < first) {
    const words = `endDate is before the first payment, which is on ${first}.`;
    throw new BerlinGroupError({ code: "PERIOD_INVALID", text: words, path: "endDate" });
  }
  const Initiation = {
    FirstPaymentAmount: amountOf(sent),
    DebtorAccount: debtorOf(sent),
    ...aboutOf(sent),
    MandateRelatedInformation: {
      FirstPaymentDateTime: timeOf(first, asking),
      // By their days in UTC, which are the bank's: see `startOfBankDay`.
      ...(endDate === undefined ? {} : { FinalPaymentDateTime: `${endDate}T23:59:59.999Z` }),
      Frequency: { Type: frequencyOf(sent.frequency).code },
    },
  };
  return {
    kind: "domestic-standing-order",
    sent,
    asked: { Data: { Permission: "Create", Initiation }, Risk: {} },
  };
}

function frequencyOf(frequency: string): { readonly code: string; readonly monthly: boolean } {
  const found = FREQUENCIES.get(frequency);
  if (found !== undefined) return found;
  const offered = [...FREQUENCIES.keys()].join(", ");
  const known = frequency === "MonthlyVariable";
  throw new BerlinGroupError({
    code: known ? "PARAMETER_NOT_SUPPORTED" : "FORMAT_ERROR",
    text: `frequency ${known ? "MonthlyVariable is not offered" : "is none that is known"}; take one of ${offered}.`,
    path: "frequency",
  });
}

/** The first day of execution that is not before `startDate`. */
function firstDay(
  { startDate, dayOfExecution: wanted, frequency }: PeriodicRequest,
  { country, now }: Asking,
): string {
  const refuse = (code: "EXECUTION_DATE_INVALID" | "PARAMETER_NOT_SUPPORTED", path: string, words: string) =>
    new BerlinGroupError({ code, text: `${path} ${words}`, path });
  const today = bankDay(country, now);
  if (startDate <= today)
    throw refuse("EXECUTION_DATE_INVALID", "startDate", `must be a day after today, ${today} at the bank.`);
  const { monthly } = frequencyOf(frequency);
  if (wanted === undefined) return startDate;
  if (!monthly)
    throw refuse(
      "PARAMETER_NOT_SUPPORTED",
      "dayOfExecution",
      `is a day of a month and ${frequency} has none; leave it out, the days are counted from startDate.`,
    );
  const [year = 0, month = 1] = startDate.split("-").map(Number);
  const inThisMonth = dayIn(year, month, Number(wanted));
  const day = inThisMonth < startDate ? dayIn(year, month + 1, Number(wanted)) : inThisMonth;
  // Later months are counted from the first: from a 30th the order would not come back to a 31st.
  if (Number(day.slice(8)) === Number(wanted)) return day;
  throw refuse(
    "PARAMETER_NOT_SUPPORTED",
    "dayOfExecution",
    `${wanted} is no day of the first payment's month, ${day.slice(0, 7)}; begin with a month that has it.`,
  );
}

/** A day of a month, or its last. */
function dayIn(year: number, month: number, day: number): string {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1, Math.min(day, last))).toISOString().slice(0, 10);
}
