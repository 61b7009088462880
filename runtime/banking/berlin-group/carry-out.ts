import { CANCELLATION } from "../../service/consent-snapshot.ts";
import type { Log } from "../../service/logger.ts";
import { ObukError } from "../../service/obuk-error.ts";
import type { Queries } from "../../service/postgres.ts";
import { kindOf, type PaymentKind } from "../payments/kinds.ts";
import type { Members } from "../payments/payment.ts";
import type { Payments } from "../payments/payments.ts";
import type { Submission } from "../payments/submit.ts";

/** What a customer authorised, and nobody has carried out yet. */
interface Authorised {
  readonly id: string;
  readonly client_id: string;
  readonly customer: string;
  readonly account: string;
  readonly initiation: Members;
  readonly risk: Members | null;
}

/** A payment, or that one is to be cancelled. */
type Row = Authorised &
  (
    | { readonly kind: PaymentKind; readonly cancels: null }
    | { readonly kind: typeof CANCELLATION; readonly cancels: string }
  );

/** What carrying out needs. */
export interface CarryOutOptions {
  readonly database: Queries;
  readonly payments: Pick<Payments, "submit" | "refuse" | "cancel">;
  readonly log: Log;
}

/** Looked at in one go, so that one that cannot be carried out does not hold up those behind it. */
const MOST = 20;

/**
 * Carries out payments of the Berlin Group's partners once their customers have authorised them, and cancels those whose
 * cancellation they have authorised: the partner does not call again. Each payment is submitted as any other is, and uses
 * its consent in the same transaction.
 *
 * One that cannot be carried out at any time is refused, once.
 *
 * @returns false when nothing came of it: there was none, or none that its consent still carries.
 */
export async function carryOutAuthorised(options: CarryOutOptions, now: Date): Promise<boolean> {
  const { rows } = await options.database.query<Row>("select * from consent.authorised_initiations($1, $2)", [
    now,
    MOST,
  ]);
  let moved = false;
  for (const row of rows) {
    const did = row.kind === CANCELLATION ? cancelled(options, row, now) : paid(options, row, row.kind, now);
    moved = (await did) || moved;
  }
  return moved;
}

async function paid(
  { payments, log }: CarryOutOptions,
  { id, client_id: clientId, customer, account, initiation, risk }: Authorised,
  kind: PaymentKind,
  at: Date,
): Promise<boolean> {
  // Several replicas look; the key lets one of them pay.
  const resource = paymentIdOf(kind, id);
  const submission = {
    kind,
    claim: { clientId, path: "initiations", key: id, body: initiation, resource, at },
    consentId: id,
    payer: { customer, account },
    initiation,
    instruction: undefined,
    risk: risk ?? {},
  } as const;
  try {
    await payments.submit(submission);
    return true;
  } catch (error) {
    if (!(error instanceof ObukError)) throw error;
    if (error.status === 400) return settled(payments, submission, log);
    log.warn({ err: error, consent: id }, "initiated payment not carried out now");
    return false;
  }
}

async function cancelled(
  { payments, log }: CarryOutOptions,
  { id, client_id: clientId, initiation, cancels: payment }: Row & { readonly cancels: string },
  at: Date,
): Promise<boolean> {
  try {
    const after = await payments.cancel({ consentId: id, clientId, initiation, payment, at });
    log.info({ consent: id, payment, status: after?.status }, "consent to cancel used");
    return true;
  } catch (error) {
    if (!(error instanceof ObukError)) throw error;
    if (error.status === 400)
      log.info({ consent: id, why: error.message }, "cancellation has no consent any more");
    else log.warn({ err: error, consent: id }, "payment not cancelled now");
    return false;
  }
}

/** Refuses what no later look could carry out: its amount. One whose consent has ended meanwhile is not looked at again. */
async function settled(
  payments: Pick<Payments, "refuse">,
  submission: Submission,
  log: Log,
): Promise<boolean> {
  const { consentId: consent } = submission;
  try {
    const { id, status } = await payments.refuse(submission, "AM12");
    log.info({ consent, payment: id, status }, "initiated payment refused for good");
    return true;
  } catch (error) {
    if (!(error instanceof ObukError)) throw error;
    log.info({ consent, why: error.message }, "initiated payment has no consent any more");
    return false;
  }
}

/** The id of the payment that an initiation becomes: the same whoever carries it out. */
function paymentIdOf(kind: PaymentKind, consent: string): string {
  return `${kindOf(kind).prefix}-${consent.replace(/^[a-z]+-/, "").replaceAll("-", "")}`;
}
