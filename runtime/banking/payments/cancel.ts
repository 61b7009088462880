import { kindOf } from "./kinds.ts";
import { stood } from "./outcome.ts";
import type { Members, Payment } from "./payment.ts";
import type { PaymentsOptions } from "./payments.ts";
import { findPayment, updatePayment } from "./store.ts";
import { useConsent } from "./use-consent.ts";

/** A customer's consent to cancel a payment. */
export interface Cancellation {
  readonly consentId: string;
  readonly clientId: string;
  /** Account the payment is made from, as she confirmed. */
  readonly account: string;
  /** What the payment was to pay; the consent says the same. */
  readonly initiation: Members;
  readonly payment: string;
  readonly at: Date;
}

/** Whether a payment, or what an order has still to pay, has not left yet. A file is carried out as a whole. */
export function isCancellable({ kind, nextAt, runs }: Pick<Payment, "kind" | "nextAt" | "runs">): boolean {
  return nextAt !== undefined && (kindOf(kind).when !== "file" || runs === 0);
}

/**
 * Cancels a payment and uses the consent to that, in one transaction. Its row is locked as whoever carries it out locks it:
 * of the two one comes first, and the other finds nothing to do. A consent that comes too late is used up by it.
 *
 * @returns the payment as it stands now.
 * @throws ObukError 400 when the consent does not carry it.
 */
export function cancel(
  { database }: Pick<PaymentsOptions, "database">,
  { consentId, clientId, account, initiation, payment: id, at }: Cancellation,
): Promise<Payment | undefined> {
  return database.transaction(async (tx) => {
    const payment = await findPayment(tx, id, "lock");
    const resource = consentId.replace(/^[a-z]+-/, "cancel-");
    await useConsent(tx, {
      kind: "payment-cancellation",
      claim: { clientId, resource, at },
      consentId,
      initiation,
      instruction: undefined,
    });
    if (payment?.clientId !== clientId || payment.account !== account || !isCancellable(payment))
      return payment;
    const after = stood(payment, "CANC", undefined, at, undefined, payment.runs);
    await updatePayment(tx, payment, after, { cancelledBy: consentId });
    return after;
  });
}
