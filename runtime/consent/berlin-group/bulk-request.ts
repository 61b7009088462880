import { createHash } from "node:crypto";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { bankDay } from "../../service/bank-day.ts";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import type { BulkEntry } from "../../service/consent-snapshot.ts";
import type { Consent } from "../consent.ts";
import { exact, optional } from "../kinds/shapes.ts";
import {
  aboutOf,
  amountOf,
  Day,
  debtorOf,
  formed,
  namesOf,
  timeOf,
  transfer,
  unsupported,
  whereOf,
  type Asking,
  type ReadPayment,
} from "./payment-members.ts";

/**
 * Payments of one bulk: its customer must be able to read whom she pays (EU 2018/389 article 5(1)(a), (3)(b)). Who has more sends a
 * file in the other dialect.
 */
const MOST = 200;

const { debtorName, debtorAccount, ...entry } = transfer;

/** What a partner sends to initiate several payments of one payer (NextGenPSD2 1.3.11, `bulkPaymentInitiation_json`). */
export const BulkRequest = exact({
  debtorName,
  debtorAccount,
  batchBookingPreferred: optional(Type.Boolean()),
  requestedExecutionDate: optional(Day),
  requestedExecutionTime: optional(Type.Unknown()),
  payments: Type.Array(exact(entry), { minItems: 1, maxItems: MOST }),
});
export type BulkRequest = Static<typeof BulkRequest>;

const validator = Compile(BulkRequest);

/**
 * A bulk of payments: a file of them, which the bank writes. All of it is taken, or nothing: one entry that cannot be read refuses the
 * whole. The customer's yes is bound to the file by its hash, and so to each payee and amount, which she is shown.
 *
 * @throws BerlinGroupError 400 that names what cannot be read or is not offered.
 */
export function readBulkRequest(body: unknown, asking: Asking): ReadPayment {
  const sent = formed(validator, body);
  const { requestedExecutionDate: day, requestedExecutionTime, payments } = sent;
  unsupported({ requestedExecutionTime }, "is not offered: a transfer is paid on a day; leave it out.");
  const nothing = payments.flatMap(({ instructedAmount: { amount } }, n) =>
    /[1-9]/.test(amount) ? [] : [`payments.${n}.instructedAmount.amount`],
  );
  if (nothing.length > 0)
    throw new BerlinGroupError(
      nothing.map((path) => ({ code: "FORMAT_ERROR", text: `${path} is nothing; name an amount.`, path })),
    );
  const name = asking.requestId.replaceAll("-", "");
  const lines = payments.map((payment, n) => ({
    // 35 characters at most, as everywhere.
    ...namesOf(payment, `${name.slice(0, 30)}-${n + 1}`),
    InstructedAmount: amountOf(payment),
    ...aboutOf(payment, `payments.${n}.`),
    ...whereOf(payment),
  }));
  const content = Buffer.from(JSON.stringify({ Data: { DomesticPayments: lines } }));
  const later = day !== undefined && day !== bankDay(asking.country, asking.now);
  const Initiation = {
    FileType: "UK.OBIE.PaymentInitiation.4.0",
    FileHash: createHash("sha256").update(content).digest("base64"),
    FileReference: name,
    NumberOfTransactions: String(payments.length),
    ControlSum: sumOf(payments),
    ...(later ? { RequestedExecutionDateTime: timeOf(day, asking) } : {}),
    DebtorAccount: debtorOf(sent),
  };
  return {
    kind: "file-payment",
    sent,
    asked: { Data: { Initiation } },
    file: { mediaType: "application/json", content },
  };
}

/** Sum of amounts of two decimals at most. */
function sumOf(payments: BulkRequest["payments"]): number {
  const cents = payments.reduce((sum, { instructedAmount: { amount } }) => {
    const [whole = "", fraction = ""] = amount.split(".");
    return sum + BigInt(whole + fraction.padEnd(2, "0"));
  }, 0n);
  return Number(cents) / 100;
}

/** The payments of a bulk as its customer is shown them; undefined of anything else, and of a file whose partner says what is in it. */
export function entriesOf({
  kind,
  berlinGroup,
}: Pick<Consent, "kind" | "berlinGroup">): readonly BulkEntry[] | undefined {
  if (kind !== "file-payment" || berlinGroup === undefined) return undefined;
  const { payments } = berlinGroup as BulkRequest;
  return payments.map(({ creditorName, creditorAccount: { iban, bban = "" }, instructedAmount }) => ({
    payee: creditorName,
    account: iban ?? bban,
    amount: { Amount: instructedAmount.amount, Currency: instructedAmount.currency },
  }));
}
