import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { admit } from "../admission.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { NOON, POLICY } from "../testing/consents.ts";
import { readPaymentRequest } from "./payment-request.ts";

const REQUEST_ID = "99391c7e-ad88-49ec-a2ad-99ddcb1f7721";
const BODY = {
  debtorAccount: { iban: "DE40100100103307118608" },
  instructedAmount: { currency: "EUR", amount: "123.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
};
const read = (body: unknown) => readPaymentRequest(body, REQUEST_ID);

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
const faultsOf = (asked: object) =>
  admit(rulesOf("domestic-payment"), asked, { id: "dpc-1", clientId: "ptn-1", policy: POLICY, now: NOON });

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
    [{ requestedExecutionDate: "2027-01-01" }, "PARAMETER_NOT_SUPPORTED requestedExecutionDate"],
    [{ creditorName: "\uD800" }, "FORMAT_ERROR "],
  ])("with %j is refused as %s", (change, want) => {
    expect(refusal({ ...BODY, ...change })).toContain(want);
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
        expect("consent" in faultsOf(read(sent).asked)).toBe(pays);
      }),
    );
  });
});
