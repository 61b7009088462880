import { CANCELLATION } from "../../service/consent-snapshot.ts";
import type { Queries } from "../../service/postgres.ts";
import { stood } from "./outcome.ts";
import type { Members, Payment } from "./payment.ts";
import type { PaymentsOptions } from "./payments.ts";
import { standingOf } from "./outgoing.ts";
import { findPayment, saveTransfer, transfersOf, updatePayment } from "./store.ts";
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
    const { customer } = await useConsent(tx, {
      kind: CANCELLATION,
      claim: { clientId, resource, at },
      consentId,
      initiation,
      instruction: undefined,
    });
    // An account may have two holders: what one of them has authorised the other does not cancel.
    const isHers = payment?.customer === customer && payment.account === account;
    // What has a time still has something that has not left.
    if (payment?.clientId !== clientId || !isHers || payment.nextAt === undefined) return payment;
    await endWhatWasHeld(tx, id, at);
    const after = stood(payment, "CANC", undefined, at, undefined, payment.runs);
    await updatePayment(tx, payment, after, { cancelledBy: consentId });
    return after;
  });
}

/** Money that was held for its risk is held no longer. What waits for a core was handed over: its answer is kept. */
async function endWhatWasHeld(tx: Queries, payment: string, at: Date): Promise<void> {
  for (const transfer of await transfersOf(tx, payment)) {
    if (transfer.status !== "PDNG" || (await standingOf(tx, transfer.id)) !== undefined) continue;
    await saveTransfer(tx, { ...transfer, status: "RJCT", reason: undefined, statusAt: at });
  }
}
