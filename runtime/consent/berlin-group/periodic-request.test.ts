import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { admit } from "../admission.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { NOON, POLICY } from "../testing/consents.ts";
import { readPeriodicRequest } from "./periodic-request.ts";

const ASKING = { requestId: "99391c7e-ad88-49ec-a2ad-99ddcb1f7721", country: "KE", now: NOON };
const BODY = {
  debtorAccount: { iban: "DE40100100103307118608" },
  instructedAmount: { currency: "EUR", amount: "123.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
  startDate: "2027-01-15",
  frequency: "Monthly",
};
interface Mandate {
  readonly FirstPaymentDateTime: string;
  readonly FinalPaymentDateTime?: string;
  readonly Frequency: { readonly Type: string };
}
const read = (change: object = {}) => readPeriodicRequest({ ...BODY, ...change }, ASKING);
const mandateOf = (change: object = {}): Mandate =>
  (
    read(change).asked as {
      readonly Data: { readonly Initiation: { readonly MandateRelatedInformation: Mandate } };
    }
  ).Data.Initiation.MandateRelatedInformation;

/** Code, place and words of a refusal. */
function refusal(change: object): readonly string[] {
  try {
    read(change);
    return [];
  } catch (error) {
    if (!(error instanceof BerlinGroupError)) throw error;
    return error.messages.map(({ code, path = "", text = "" }) => `${code} ${path}: ${text}`);
  }
}

describe("a periodic payment", () => {
  test("is a standing order in the words of Open Banking UK", () => {
    const { kind, asked } = read({ endDate: "2027-12-31", remittanceInformationUnstructured: "Rent" });
    expect(kind).toBe("domestic-standing-order");
    expect(asked).toEqual({
      Data: {
        Permission: "Create",
        Initiation: {
          FirstPaymentAmount: { Amount: "123.50", Currency: "EUR" },
          DebtorAccount: { SchemeName: "UK.OBIE.IBAN", Identification: "DE40100100103307118608" },
          CreditorAccount: {
            SchemeName: "UK.OBIE.IBAN",
            Identification: "DE75512108001245126199",
            Name: "Kamau Stores",
          },
          RemittanceInformation: { Unstructured: ["Rent"] },
          MandateRelatedInformation: {
            FirstPaymentDateTime: "2027-01-15T00:00:00.000Z",
            FinalPaymentDateTime: "2027-12-31T23:59:59.999Z",
            Frequency: { Type: "MNTH" },
          },
        },
      },
      Risk: {},
    });
  });

  test.each([
    ["Daily", "DAIL"],
    ["Weekly", "WEEK"],
    ["EveryTwoWeeks", "FRTN"],
    ["Monthly", "MNTH"],
    ["EveryTwoMonths", "TWMH"],
    ["Quarterly", "QURT"],
    ["SemiAnnual", "MIAN"],
    ["Annual", "YEAR"],
  ])("of frequency %s has the code %s", (frequency, code) => {
    expect(mandateOf({ frequency }).Frequency.Type).toBe(code);
  });

  test.each([
    ["2027-01-15", "20", "2027-01-20"],
    ["2027-01-15", "15", "2027-01-15"],
    ["2027-01-15", "1", "2027-02-01"],
    ["2027-12-15", "1", "2028-01-01"],
    ["2027-01-15", "31", "2027-01-31"],
    ["2028-02-01", "29", "2028-02-29"],
  ])("from %s on day %s is paid first on %s", (startDate, dayOfExecution, first) => {
    expect(mandateOf({ startDate, dayOfExecution }).FirstPaymentDateTime).toBe(`${first}T00:00:00.000Z`);
  });

  test.each([
    [{ startDate: "2026-11-22" }, "EXECUTION_DATE_INVALID startDate: startDate must be a day after today"],
    [{ startDate: "2026-01-01" }, "EXECUTION_DATE_INVALID startDate: startDate must be a day after today"],
    [{ startDate: "tomorrow" }, "FORMAT_ERROR startDate: startDate is no date"],
    [{ endDate: "2027-01-14" }, "PERIOD_INVALID endDate: endDate is before the first payment"],
    [
      { dayOfExecution: "20", endDate: "2027-01-18" },
      "PERIOD_INVALID endDate: endDate is before the first payment, which is on 2027-01-20.",
    ],
    [{ frequency: "MonthlyVariable" }, "PARAMETER_NOT_SUPPORTED frequency: frequency MonthlyVariable is not"],
    [{ frequency: "Hourly" }, "FORMAT_ERROR frequency: frequency is none that is known; take one of Daily,"],
    [{ frequency: "constructor" }, "FORMAT_ERROR frequency: frequency is none that is known"],
    [{ monthsOfExecution: ["1"] }, "PARAMETER_NOT_SUPPORTED monthsOfExecution: monthsOfExecution belongs"],
    [{ executionRule: "following" }, "PARAMETER_NOT_SUPPORTED executionRule: executionRule moves no payment"],
    [{ executionRule: "sideways" }, "FORMAT_ERROR executionRule: executionRule"],
    [{ dayOfExecution: "32" }, "FORMAT_ERROR dayOfExecution: dayOfExecution"],
    [{ dayOfExecution: "07" }, "FORMAT_ERROR dayOfExecution: dayOfExecution"],
    [
      { frequency: "Weekly", dayOfExecution: "5" },
      "PARAMETER_NOT_SUPPORTED dayOfExecution: dayOfExecution is a day of a month",
    ],
    [
      { startDate: "2027-02-01", dayOfExecution: "31" },
      "PARAMETER_NOT_SUPPORTED dayOfExecution: dayOfExecution 31 is no day of the first payment's month, 2027-02",
    ],
    [{ endToEndIdentification: "e" }, "PARAMETER_NOT_SUPPORTED endToEndIdentification: "],
    [{ creditorAgent: "AAAADEBBXXX" }, "PARAMETER_NOT_SUPPORTED creditorAgent: "],
    [{ requestedExecutionDate: "2027-01-15" }, "PARAMETER_NOT_SUPPORTED requestedExecutionDate: "],
  ])("with %j is refused by a sentence", (change, words) => {
    expect(refusal(change).map((each) => each.slice(0, words.length))).toContain(words);
  });

  test("that is read is one that the rules of payments take, and never begins before it was asked to", () => {
    const day = fc
      .date({ min: new Date("2026-11-01"), max: new Date("2028-10-01"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    const change = fc.record(
      {
        startDate: day,
        endDate: day,
        frequency: fc.constantFrom("Daily", "Weekly", "Monthly", "Quarterly", "Annual", "MonthlyVariable"),
        dayOfExecution: fc.integer({ min: 1, max: 31 }).map(String),
      },
      { requiredKeys: ["startDate", "frequency"] },
    );
    fc.assert(
      fc.property(change, (terms) => {
        if (refusal(terms).length > 0) return;
        const first = mandateOf(terms).FirstPaymentDateTime.slice(0, 10);
        expect(first >= terms.startDate && (terms.endDate === undefined || first <= terms.endDate)).toBe(
          true,
        );
        const day = String(Number(first.slice(8)));
        expect(terms.dayOfExecution ?? day).toBe(day);
        const { kind, asked } = read(terms);
        const asking = { id: "doc-1", clientId: "ptn-1", policy: POLICY, now: NOON };
        expect(admit(rulesOf(kind), asked, asking)).toHaveProperty("consent");
      }),
    );
  });
});
