import { Type, type Static } from "typebox";
import type { Validator } from "typebox/compile";
import { bankDay, startOfBankDay } from "../../service/bank-day.ts";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { formFaults } from "../../service/form-faults.ts";
import { isStorable, UNSTORABLE } from "../../service/storable.ts";
import { exact, optional, text } from "../kinds/shapes.ts";
import type { PaymentFile } from "../store.ts";
import { formError } from "./access.ts";

/** Where and when a payment is asked for. */
export interface Asking {
  /** Names the instruction where the partner does not. */
  readonly requestId: string;
  /** ISO 3166, of the bank's region: a date is a day there. */
  readonly country: string;
  readonly now: Date;
}

/** A payment as it was sent, and in the words of Open Banking UK, by which it is decided, shown to the customer, and paid. */
export interface ReadPayment {
  readonly kind: ConsentKind;
  readonly sent: Readonly<Record<string, unknown>>;
  readonly asked: object;
  /** Of a bulk: its payments, as they are carried out. */
  readonly file?: PaymentFile;
}

const Iban = Type.String({ pattern: "^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$" });
const Bban = Type.String({ pattern: "^[a-zA-Z0-9]{1,30}$" });

/** An account of a payment (`accountReference`); other kinds of numbers are not offered. */
const Account = exact({
  iban: optional(Iban),
  bban: optional(Bban),
  currency: optional(Type.String({ pattern: "^[A-Z]{3}$" })),
});

/** A calendar day. */
export const Day = Type.String({ format: "date" });

/** What every payment says of money, payer and payee. SEPA is in euros. */
export const transfer = {
  debtorName: optional(text(70)),
  debtorAccount: Account,
  endToEndIdentification: optional(text(35)),
  instructionIdentification: optional(text(35)),
  ultimateDebtor: optional(text(70)),
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
};
const Transfer = exact(transfer);

/** A payment's money, payer and payee. */
export type Transfer = Static<typeof Transfer>;
type Payer = Pick<Transfer, "debtorAccount" | "debtorName">;
/** What is said of one payment, whoever pays it. */
type Entry = Omit<Transfer, keyof Payer>;

/** End-to-end identification of a payer who gives none (SEPA credit transfer rulebook). */
const NOT_PROVIDED = "NOTPROVIDED";

/** A body that has the form. @throws BerlinGroupError 400 that names what cannot be read or is not offered. */
export function formed<T>(
  validator: { Check(value: unknown): value is T; Errors: Validator["Errors"] },
  body: unknown,
): T {
  if (!validator.Check(body)) throw new BerlinGroupError(formFaults(validator.Errors(body)).map(formError));
  if (!isStorable(body)) throw new BerlinGroupError(formError(UNSTORABLE));
  return body;
}

/** @throws BerlinGroupError 400 for members that were sent and have no place in what is asked for. */
export function unsupported(members: Readonly<Record<string, unknown>>, because: string): void {
  const messages = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([path]) => ({ code: "PARAMETER_NOT_SUPPORTED", text: `${path} ${because}`, path }) as const);
  if (messages.length > 0) throw new BerlinGroupError(messages);
}

/** How a payment is known. @param name of one whose partner gives it none. */
export function namesOf(body: Entry, name: string): object {
  return {
    InstructionIdentification: body.instructionIdentification ?? name,
    EndToEndIdentification: body.endToEndIdentification ?? NOT_PROVIDED,
  };
}

/** The amount in the other dialect's words. */
export function amountOf({ instructedAmount: { amount, currency } }: Entry): object {
  return { Amount: amount, Currency: currency };
}

/** From which account is paid. */
export function debtorOf({ debtorAccount, debtorName }: Payer): object {
  return accountOf("debtorAccount", debtorAccount, debtorName);
}

/** Whom a payment goes to, and what is said about it. @param at where it stands in what was sent. */
export function aboutOf(body: Entry, at = ""): { readonly CreditorAccount: object } {
  return {
    CreditorAccount: accountOf(`${at}creditorAccount`, body.creditorAccount, body.creditorName),
    ...given("UltimateCreditor", body.ultimateCreditor, (Name) => ({ Name })),
    ...given("UltimateDebtor", body.ultimateDebtor, (Name) => ({ Name })),
    ...given("RemittanceInformation", body.remittanceInformationUnstructured, (line) => ({
      Unstructured: [line],
    })),
  };
}

/** Where the payee is. */
export function whereOf({ creditorAgent, creditorAddress }: Entry): object {
  return {
    ...given("CreditorAgent", creditorAgent, (bic) => ({
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
  };
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

/** A day at the bank as a time: whether it lies in the past or too far off, the rules of payments say. */
export function timeOf(day: string, { country, now }: Asking): string {
  return (
    day > bankDay(country, now) ? startOfBankDay(country, day) : new Date(`${day}T00:00:00Z`)
  ).toISOString();
}
