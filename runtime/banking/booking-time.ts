import { ObukError } from "../service/obuk-error.ts";

const FORM = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?(?:Z|[+ -]\d{2}:?\d{2})?$/;

/**
 * A time as partners filter by: the date alone means its first second, and a time zone is left out of account, as the
 * standard demands (Open Banking UK 4.0, `fromBookingDateTime`).
 *
 * @param name of the parameter, for the message.
 * @throws ObukError 400 when it is none.
 */
export function bookingTime(text: unknown, name: string): Date | undefined {
  if (text === undefined) return undefined;
  const [, date, time = "00:00:00"] = (typeof text === "string" ? FORM.exec(text) : undefined) ?? [];
  const at = new Date(`${date}T${time}Z`);
  // JavaScript takes 30 February for 2 March.
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(String(date))) {
    throw new ObukError(400, {
      reason: "FieldInvalidDate",
      message: `${name} is no date or date and time, such as 2026-11-22 or 2026-11-22T08:00:00.`,
      path: name,
    });
  }
  return at;
}
