import type { Payment } from "./payments/payment.ts";
import { kindOf, PISP_PATH } from "./payments/kinds.ts";

/** What the banking service says happened to a payment. */
export const PAYMENT_EVENTS = ["payment.received", "payment.updated"] as const;

/** One thing that happened to a payment; names, account numbers and amounts are not in it. */
export interface PaymentEvent {
  readonly type: (typeof PAYMENT_EVENTS)[number];
  /** RFC 3339. */
  readonly at: string;
  readonly payment: string;
  readonly kind: string;
  readonly client: string;
  readonly customer: string;
  readonly consent: string;
  /** ISO 20022 payment transaction status. */
  readonly status: string;
  readonly reason?: string;
  /** Where partners find it. */
  readonly resource: { readonly type: string; readonly path: string };
}

/** The event of a payment as it stands now. */
export function paymentEvent(type: PaymentEvent["type"], payment: Payment): PaymentEvent {
  const { id, kind, status, reason, statusAt } = payment;
  return {
    type,
    at: statusAt.toISOString(),
    payment: id,
    kind,
    client: payment.clientId,
    customer: payment.customer,
    consent: payment.consentId,
    status,
    ...(reason === undefined ? {} : { reason }),
    resource: { type: kind, path: `${PISP_PATH}/${kindOf(kind).resource}/${id}` },
  };
}
