import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { formFaults } from "../../service/form-faults.ts";
import { isStorable, UNSTORABLE } from "../../service/storable.ts";
import { exact, optional, text } from "../kinds/shapes.ts";
import { formError } from "./access.ts";

const Iban = Type.String({ pattern: "^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$" });
const Bban = Type.String({ pattern: "^[a-zA-Z0-9]{1,30}$" });
const Account = exact({
  iban: optional(Iban),
  bban: optional(Bban),
  currency: optional(Type.String({ pattern: "^[A-Z]{3}$" })),
});

/** What a partner sends to initiate a SEPA credit transfer (NextGenPSD2 1.3.11, `paymentInitiation_json`). */
export const PaymentRequest = exact({
  endToEndIdentification: optional(text(35)),
  instructionIdentification: optional(text(35)),
  debtorName: optional(text(70)),
  debtorAccount: Account,
  ultimateDebtor: optional(text(70)),
  // SEPA is in euros.
  instructedAmount: exact({
    amount: Type.String({ pattern: "^\\d{1,13}(\\.\\d{1,2})?$" }),
    currency: Type.Literal("EUR"),
  }),
  creditorAccount: Account,
  creditorName: text(70),
  creditorAgent: optional(Type.String({ pattern: "^[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?$" })),
  creditorAddress: optional(
    exact({
      streetName: optional(text(70)),
      buildingNumber: optional(text(16)),
      townName: optional(text(35)),
      postCode: optional(text(16)),
      country: Type.String({ pattern: "^[A-Z]{2}$" }),
    }),
  ),
  ultimateCreditor: optional(text(70)),
  remittanceInformationUnstructured: optional(text(140)),
});
export type PaymentRequest = Static<typeof PaymentRequest>;

const validator = Compile(PaymentRequest);

/** End-to-end identification of a payer who gives none (SEPA credit transfer rulebook). */
const NOT_PROVIDED = "NOTPROVIDED";

/**
 * The request in the words of Open Banking UK, by which it is decided, shown to the customer, and paid.
 *
 * @param requestId names the instruction where the partner does not.
 * @throws BerlinGroupError 400 that names what cannot be read or is not offered.
 */
export function readPaymentRequest(
  body: unknown,
  requestId: string,
): { readonly sent: PaymentRequest; readonly asked: object } {
  if (!validator.Check(body)) throw new BerlinGroupError(formFaults(validator.Errors(body)).map(formError));
  if (!isStorable(body)) throw new BerlinGroupError(formError(UNSTORABLE));
  const { instructedAmount, creditorAddress, remittanceInformationUnstructured: words } = body;
  const Initiation = {
    InstructionIdentification: body.instructionIdentification ?? requestId.replaceAll("-", ""),
    EndToEndIdentification: body.endToEndIdentification ?? NOT_PROVIDED,
    InstructedAmount: { Amount: instructedAmount.amount, Currency: instructedAmount.currency },
    DebtorAccount: accountOf("debtorAccount", body.debtorAccount, body.debtorName),
    CreditorAccount: accountOf("creditorAccount", body.creditorAccount, body.creditorName),
    ...given("CreditorAgent", body.creditorAgent, (bic) => ({
      SchemeName: "UK.OBIE.BICFI",
      Identification: bic,
    })),
    ...given("CreditorPostalAddress", creditorAddress, (address) => ({
      ...given("StreetName", address.streetName),
      ...given("BuildingNumber", address.buildingNumber),
      ...given("TownName", address.townName),
      ...given("PostCode", address.postCode),
      Country: address.country,
    })),
    ...given("UltimateCreditor", body.ultimateCreditor, (Name) => ({ Name })),
    ...given("UltimateDebtor", body.ultimateDebtor, (Name) => ({ Name })),
    ...given("RemittanceInformation", words, (line) => ({ Unstructured: [line] })),
  };
  return { sent: body, asked: { Data: { Initiation }, Risk: {} } };
}

function given<T>(name: string, value: T | undefined, as: (value: T) => unknown = (it) => it): object {
  return value === undefined ? {} : { [name]: as(value) };
}

/** An account by its number; exactly one is wanted, so that nobody has to choose between two. */
function accountOf(path: string, { iban, bban }: Static<typeof Account>, name: string | undefined): object {
  if ((iban === undefined) === (bban === undefined)) {
    const words = `${path} must have an iban or a bban, and not both.`;
    throw new BerlinGroupError({ code: "FORMAT_ERROR", text: words, path });
  }
  const [SchemeName, Identification] = iban === undefined ? ["UK.OBIE.BBAN", bban] : ["UK.OBIE.IBAN", iban];
  return { SchemeName, Identification, ...given("Name", name) };
}
