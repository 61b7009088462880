/** When a standing order pays. */
export interface Schedule {
  readonly first: Date;
  /** ISO 20022 frequency code. */
  readonly frequency: string;
  /** No payment after it. */
  readonly last: Date | undefined;
  /** Payments in all. */
  readonly count: number | undefined;
}

/**
 * Steps between two payments by frequency code (Open Banking UK 4.0, `OBFrequency6Code`): days, or months. Codes without a
 * fixed step (ADHO, INDA, NONE) pay once.
 */
const STEPS: Readonly<Record<string, { readonly days?: number; readonly months?: number }>> = {
  DAIL: { days: 1 },
  WODL: { days: 1 },
  WEEK: { days: 7 },
  FRTN: { days: 14 },
  FOWK: { days: 28 },
  TWMH: { months: 2 },
  MNTH: { months: 1 },
  FOMH: { months: 4 },
  QURT: { months: 3 },
  MIAN: { months: 6 },
  YEAR: { months: 12 },
};

const DAY_MS = 86_400_000;

/**
 * When an order pays the n-th time, from 0; undefined when it does not any more.
 *
 * Months are counted from the first payment, so that an order of the 31st comes back to it after a short month. An order
 * of working days (WODL) leaves Saturdays and Sundays out.
 */
export function nthPayment({ first, frequency, last, count }: Schedule, n: number): Date | undefined {
  const step = STEPS[frequency];
  if (n > 0 && step === undefined) return undefined;
  if (count !== undefined && n >= count) return undefined;
  const at = step === undefined || n === 0 ? first : stepped(first, step, n, frequency === "WODL");
  return last !== undefined && at > last ? undefined : at;
}

function stepped(
  first: Date,
  { days = 0, months = 0 }: { readonly days?: number; readonly months?: number },
  n: number,
  workingDays: boolean,
): Date {
  if (months > 0) return monthsLater(first, months * n);
  if (!workingDays) return new Date(first.getTime() + n * days * DAY_MS);
  let at = first;
  for (let left = n; left > 0;) {
    at = new Date(at.getTime() + DAY_MS);
    if (at.getUTCDay() % 6 !== 0) left -= 1;
  }
  return at;
}

function monthsLater(first: Date, months: number): Date {
  const at = new Date(first);
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() + months);
  const days = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(first.getUTCDate(), days));
  return at;
}
