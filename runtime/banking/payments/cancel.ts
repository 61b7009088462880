import { CANCELLATION } from "../../service/consent-snapshot.ts";
import type { Queries } from "../../service/postgres.ts";
import { stood } from "./outcome.ts";
import type { Members, Payment } from "./payment.ts";
import type { PaymentsOptions } from "./payments.ts";
import { standingOf } from "./outgoing.ts";
import { findPayment, saveTransfer, transfersOf, updatePayment } from "./store.ts";
import { useConsent } from "./use-consent.ts";

/** A customer's consent to cancel. */
interface ConsentToCancel {
  readonly consentId: string;
  readonly clientId: string;
  /** What the payment was to pay; the consent says the same. */
  readonly initiation: Members;
}

/** A customer's consent to cancel a payment. */
export interface Cancellation extends ConsentToCancel {
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
  { payment: id, at, ...consent }: Cancellation,
): Promise<Payment | undefined> {
  return database.transaction(async (tx) => cancelLocked(tx, await findPayment(tx, id, "lock"), consent, at));
}

/**
 * Cancels a payment whose customer has agreed to that already, in a transaction that has locked it and would carry it out:
 * however long nobody read her consent, it counts from when she gave it.
 *
 * @returns whether it is cancelled.
 */
export async function cancelledMeanwhile(tx: Queries, payment: Payment, at: Date): Promise<boolean> {
  const { rows } = await tx.query<{
    readonly id: string;
    readonly client_id: string;
    readonly initiation: Members;
  }>("select * from consent.authorised_cancellations($1, $2)", [payment.consentId, at]);
  for (const { id: consentId, client_id: clientId, initiation } of rows) {
    const after = await cancelLocked(tx, payment, { consentId, clientId, initiation }, at);
    if (after?.status === "CANC") return true;
  }
  return false;
}

async function cancelLocked(
  tx: Queries,
  payment: Payment | undefined,
  { consentId, clientId, initiation }: ConsentToCancel,
  at: Date,
): Promise<Payment | undefined> {
  const resource = consentId.replace(/^[a-z]+-/, "cancel-");
  const { customer, account } = await useConsent(tx, {
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
  await endWhatWasHeld(tx, payment.id, at);
  const after = stood(payment, "CANC", undefined, at, undefined, payment.runs);
  await updatePayment(tx, payment, after, { cancelledBy: consentId });
  return after;
}

/** Money that was held for its risk is held no longer. What waits for a core was handed over: its answer is kept. */
async function endWhatWasHeld(tx: Queries, payment: string, at: Date): Promise<void> {
  for (const transfer of await transfersOf(tx, payment)) {
    if (transfer.status !== "PDNG" || (await standingOf(tx, transfer.id)) !== undefined) continue;
    await saveTransfer(tx, { ...transfer, status: "RJCT", reason: undefined, statusAt: at });
  }
}
