import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bookingTime } from "./booking-time.ts";

describe("a time to filter by", () => {
  test.each([
    { text: "2026-11-22", want: "2026-11-22T00:00:00.000Z" },
    { text: "2026-11-22T08:15", want: "2026-11-22T08:15:00.000Z" },
    { text: "2026-11-22T08:15:30", want: "2026-11-22T08:15:30.000Z" },
    { text: "2026-11-22T08:15:30.250Z", want: "2026-11-22T08:15:30.250Z" },
    { text: "2026-11-22T08:15:30+03:00", want: "2026-11-22T08:15:30.000Z" },
    // A plus sign that was not escaped arrives as a space.
    { text: "2026-11-22T08:15:30 03:00", want: "2026-11-22T08:15:30.000Z" },
  ])("$text is $want: the zone is left out of account", ({ text, want }) => {
    expect(bookingTime(text, "fromBookingDateTime")?.toISOString()).toBe(want);
  });

  test.each([
    "",
    "today",
    "2026-13-01",
    "2026-02-30",
    "2026-11-22T25:00:00",
    "22-11-2026",
    ["2026-11-22"],
    "1e3",
  ])("%s is none", (text) => {
    expect(() => bookingTime(text, "fromBookingDateTime")).toThrow("fromBookingDateTime is no date");
  });

  test("takes every day that exists and the time that stands there", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1970-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
        (at) => {
          expect(bookingTime(at.toISOString(), "from")).toEqual(at);
        },
      ),
    );
  });
});
