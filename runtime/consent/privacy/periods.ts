import type { Jurisdiction } from "../../../crds/jurisdiction.ts";
import { plusMonths } from "./request.ts";

/**
 * What something that ended is kept for: as the record of what it gave or of what was paid, or, where it came to nothing, because
 * somebody may still claim that it should not have.
 */
export const PERIOD_RULES = ["record", "nothing"] as const;
export type PeriodRule = (typeof PERIOD_RULES)[number];

/** How long a law has something kept. Counted from its end, or from the last that came of it. */
interface Period {
  readonly months: number;
  /** Where the law says so. */
  readonly source: string;
}

/**
 * How long consents and payments are kept after their end, by the law that the consent's policy is written for. The database
 * has the same table (`kept_for`, sql/0101-age.sql) and holds to it when this one is wrong.
 *
 * These are the platform's own records. What a bank must know of its customers and their transactions for years after it parted
 * with them (EU 2015/849 article 40(1)) stands in its books.
 */
export const PERIODS: Readonly<Record<Jurisdiction, Readonly<Record<PeriodRule, Period>>>> = {
  "ke-cbk": {
    record: { months: 84, source: "POCAMLA 2009 section 46" },
    nothing: { months: 13, source: "no rule found; as in the EU" },
  },
  "eu-psd2": {
    record: { months: 60, source: "EU 2015/2366 article 21" },
    nothing: { months: 13, source: "EU 2015/2366 article 71(1)" },
  },
  "uk-ob": {
    record: { months: 60, source: "Payment Services Regulations 2017 regulation 31" },
    nothing: { months: 13, source: "Payment Services Regulations 2017 regulation 74(1)" },
  },
};

/** The longest of them, for a consent whose policy does not say what law it is written for. */
export const STRICTEST: Jurisdiction = "ke-cbk";

/** When the period of something is over whose end was at `last`. */
export function periodEnd(jurisdiction: Jurisdiction | undefined, rule: PeriodRule, last: Date): Date {
  return plusMonths(last, PERIODS[jurisdiction ?? STRICTEST][rule].months);
}
