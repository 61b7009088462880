import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import { bankDay } from "../../service/bank-day.ts";
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

/** What a partner sends to initiate a SEPA credit transfer (NextGenPSD2 1.3.11, `paymentInitiation_json`). */
export const PaymentRequest = exact({
  ...transfer,
  requestedExecutionDate: optional(Day),
});
export type PaymentRequest = Static<typeof PaymentRequest>;

const validator = Compile(PaymentRequest);

/**
 * A single payment. One whose date is today at the bank is due at once; one of a later day is a scheduled payment.
 *
 * @throws BerlinGroupError 400 that names what cannot be read or is not offered.
 */
export function readPaymentRequest(body: unknown, asking: Asking): ReadPayment {
  const sent = formed(validator, body);
  const { requestedExecutionDate: day, creditorAgent } = sent;
  const Initiation = {
    ...namesOf(sent, asking.requestId.replaceAll("-", "")),
    InstructedAmount: amountOf(sent),
    DebtorAccount: debtorOf(sent),
    ...aboutOf(sent),
    ...whereOf(sent),
  };
  if (day === undefined || day === bankDay(asking.country, asking.now))
    return { kind: "domestic-payment", sent, asked: { Data: { Initiation }, Risk: {} } };
  unsupported({ creditorAgent }, "cannot be kept for a later day; leave it out, the account number says it.");
  const RequestedExecutionDateTime = timeOf(day, asking);
  return {
    kind: "domestic-scheduled-payment",
    sent,
    asked: {
      Data: { Permission: "Create", Initiation: { ...Initiation, RequestedExecutionDateTime } },
      Risk: {},
    },
  };
}
