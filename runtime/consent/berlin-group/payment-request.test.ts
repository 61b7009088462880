import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { admit } from "../admission.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { NOON, POLICY } from "../testing/consents.ts";
import { readPaymentRequest } from "./payment-request.ts";

const ASKING = { requestId: "99391c7e-ad88-49ec-a2ad-99ddcb1f7721", country: "KE", now: NOON };
const BODY = {
  debtorAccount: { iban: "DE40100100103307118608" },
  instructedAmount: { currency: "EUR", amount: "123.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
};
const read = (body: unknown) => readPaymentRequest(body, ASKING);

/** Codes and places of a refusal; nothing when there is none. */
function refusal(body: unknown): readonly string[] {
  try {
    read(body);
    return [];
  } catch (error) {
    if (!(error instanceof BerlinGroupError)) throw error;
    return error.messages.map(({ code, path = "" }) => `${code} ${path}`);
  }
}
const admitted = ({ kind, asked }: ReturnType<typeof read>) =>
  admit(rulesOf(kind), asked, { id: "dpc-1", clientId: "ptn-1", policy: POLICY, now: NOON });

describe("a payment request", () => {
  test("is the same request in the words of Open Banking UK", () => {
    const more = {
      endToEndIdentification: "order-7",
      creditorAgent: "AAAADEBBXXX",
      creditorAddress: { townName: "Köln", country: "DE" },
      ultimateCreditor: "Kamau Holding",
      remittanceInformationUnstructured: "Invoice 7",
    };
    expect(read({ ...BODY, ...more }).asked).toEqual({
      Data: {
        Initiation: {
          InstructionIdentification: "99391c7ead8849eca2ad99ddcb1f7721",
          EndToEndIdentification: "order-7",
          InstructedAmount: { Amount: "123.50", Currency: "EUR" },
          DebtorAccount: { SchemeName: "UK.OBIE.IBAN", Identification: "DE40100100103307118608" },
          CreditorAccount: {
            SchemeName: "UK.OBIE.IBAN",
            Identification: "DE75512108001245126199",
            Name: "Kamau Stores",
          },
          CreditorAgent: { SchemeName: "UK.OBIE.BICFI", Identification: "AAAADEBBXXX" },
          CreditorPostalAddress: { TownName: "Köln", Country: "DE" },
          UltimateCreditor: { Name: "Kamau Holding" },
          RemittanceInformation: { Unstructured: ["Invoice 7"] },
        },
      },
      Risk: {},
    });
  });

  test.each([
    [{ instructedAmount: { currency: "KES", amount: "1" } }, "FORMAT_ERROR instructedAmount.currency"],
    [{ instructedAmount: { currency: "EUR", amount: "1.234" } }, "FORMAT_ERROR instructedAmount.amount"],
    [{ instructedAmount: { currency: "EUR", amount: "-1" } }, "FORMAT_ERROR instructedAmount.amount"],
    [{ creditorAccount: {} }, "FORMAT_ERROR creditorAccount"],
    [{ debtorAccount: { iban: "DE40100100103307118608", bban: "1" } }, "FORMAT_ERROR debtorAccount"],
    [{ debtorAccount: undefined }, "FORMAT_ERROR debtorAccount"],
    [{ requestedExecutionDate: "2027-02-30" }, "FORMAT_ERROR requestedExecutionDate"],
    [{ requestedExecutionDate: "2027-02-01T00:00:00Z" }, "FORMAT_ERROR requestedExecutionDate"],
    [{ requestedExecutionTime: "2027-02-01T00:00:00Z" }, "PARAMETER_NOT_SUPPORTED requestedExecutionTime"],
    [
      { requestedExecutionDate: "2027-01-01", creditorAgent: "AAAADEBBXXX" },
      "PARAMETER_NOT_SUPPORTED creditorAgent",
    ],
    [{ creditorName: "\uD800" }, "FORMAT_ERROR "],
  ])("with %j is refused as %s", (change, want) => {
    expect(refusal({ ...BODY, ...change })).toContain(want);
  });

  test("of a later day is a scheduled payment of that day at the bank", () => {
    const { kind, sent, asked } = read({ ...BODY, requestedExecutionDate: "2027-01-31" });
    expect({ kind, sent }).toEqual({
      kind: "domestic-scheduled-payment",
      sent: { ...BODY, requestedExecutionDate: "2027-01-31" },
    });
    expect(asked).toMatchObject({
      Data: { Permission: "Create", Initiation: { RequestedExecutionDateTime: "2027-01-31T00:00:00.000Z" } },
    });
  });

  test("of today is due at once, and what today is the bank's clock says", () => {
    const late = { ...ASKING, now: new Date("2026-11-22T22:00:00Z") };
    const kindOn = (day: string, asking: typeof ASKING) =>
      readPaymentRequest({ ...BODY, requestedExecutionDate: day }, asking).kind;
    expect(kindOn("2026-11-22", ASKING)).toBe("domestic-payment");
    expect(kindOn("2026-11-23", late)).toBe("domestic-payment");
    expect(kindOn("2026-11-23", { ...late, country: "DE" })).toBe("domestic-scheduled-payment");
  });

  test.each([
    ["2026-11-21", "Data.Initiation.RequestedExecutionDateTime is in the past."],
    ["0001-01-01", "Data.Initiation.RequestedExecutionDateTime is in the past."],
    ["2028-11-23", "Data.Initiation.RequestedExecutionDateTime is more than two years ahead."],
    ["9999-12-31", "Data.Initiation.RequestedExecutionDateTime is more than two years ahead."],
  ])("of %s is refused by the rules of payments", (day, message) => {
    expect(admitted(read({ ...BODY, requestedExecutionDate: day }))).toMatchObject({ faults: [{ message }] });
  });

  test("of the last day and of a Saturday is taken", () => {
    for (const day of ["2028-11-22", "2026-11-28"])
      expect(admitted(read({ ...BODY, requestedExecutionDate: day }))).toHaveProperty("consent");
  });

  test("that it reads is one that the rules of payments take, unless it pays nothing", () => {
    const text = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: "grapheme" });
    const account = fc.oneof(
      fc.constant({ iban: "DE75512108001245126199" }),
      fc.record({ bban: fc.stringMatching(/^[a-zA-Z0-9]{1,30}$/) }),
      fc.constant({}),
    );
    const body = fc.record(
      {
        ...Object.fromEntries(Object.entries(BODY).map(([name, value]) => [name, fc.constant(value)])),
        debtorAccount: account,
        creditorAccount: account,
        instructedAmount: fc.record({
          currency: fc.constantFrom("EUR", "KES"),
          amount: fc.stringMatching(/^-?\d{1,14}(\.\d{1,3})?$/),
        }),
        creditorName: text(71),
        endToEndIdentification: text(36),
        ultimateDebtor: text(71),
        remittanceInformationUnstructured: text(141),
        requestedExecutionDate: fc.constantFrom("2026-11-22", "2026-11-23", "2028-02-29", "2027-02-29"),
        creditorAddress: fc.record(
          { country: fc.constant("DE"), streetName: text(71) },
          { requiredKeys: ["country"] },
        ),
      },
      { requiredKeys: Object.keys(BODY) as [] },
    );
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), (sent) => {
        if (refusal(sent).length > 0) return;
        const pays = /[1-9]/.test(String((sent as typeof BODY).instructedAmount.amount));
        expect("consent" in admitted(read(sent))).toBe(pays);
      }),
    );
  });
});
