import type { Log } from "../../service/logger.ts";
import { ObukError } from "../../service/obuk-error.ts";
import type { Queries } from "../../service/postgres.ts";
import { kindOf, type PaymentKind } from "../payments/kinds.ts";
import type { Members } from "../payments/payment.ts";
import type { Payments } from "../payments/payments.ts";
import type { Submission } from "../payments/submit.ts";

/** A payment that its customer authorised, and nobody has carried out yet. */
interface Authorised {
  readonly id: string;
  readonly client_id: string;
  readonly kind: PaymentKind;
  readonly customer: string;
  readonly account: string;
  readonly initiation: Members;
  readonly risk: Members | null;
}

/** Looked at in one go, so that one that cannot be carried out does not hold up those behind it. */
const MOST = 20;

/**
 * Carries out payments of the Berlin Group's partners once their customers have authorised them: the partner does not
 * call again. Each is submitted as any other payment is, and uses its consent in the same transaction.
 *
 * One that cannot be carried out at any time is refused, once.
 *
 * @returns false when nothing came of it: there was none, or none that its consent still carries.
 */
export async function carryOutAuthorised(
  {
    database,
    payments,
    log,
  }: {
    readonly database: Queries;
    readonly payments: Pick<Payments, "submit" | "refuse">;
    readonly log: Log;
  },
  now: Date,
): Promise<boolean> {
  const { rows } = await database.query<Authorised>("select * from consent.authorised_initiations($1, $2)", [
    now,
    MOST,
  ]);
  let moved = false;
  for (const { id, kind, client_id: clientId, customer, account, initiation, risk } of rows) {
    // Several replicas look; the key lets one of them pay.
    const resource = paymentIdOf(kind, id);
    const submission = {
      kind,
      claim: { clientId, path: "initiations", key: id, body: initiation, resource, at: now },
      consentId: id,
      payer: { customer, account },
      initiation,
      instruction: undefined,
      risk: risk ?? {},
    } as const;
    try {
      await payments.submit(submission);
      moved = true;
    } catch (error) {
      if (!(error instanceof ObukError)) throw error;
      if (error.status === 400) moved = (await settled(payments, submission, log)) || moved;
      else log.warn({ err: error, consent: id }, "initiated payment not carried out now");
    }
  }
  return moved;
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
