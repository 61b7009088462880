import type { Log } from "../../service/logger.ts";
import { ObukError } from "../../service/obuk-error.ts";
import type { Queries } from "../../service/postgres.ts";
import { kindOf } from "../payments/kinds.ts";
import type { Members } from "../payments/payment.ts";
import type { Payments } from "../payments/payments.ts";

/** A payment that its customer authorised, and nobody has carried out yet. */
interface Authorised {
  readonly id: string;
  readonly client_id: string;
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
 * @returns false when nothing came of it: there was none, or none that its consent still carries.
 */
export async function carryOutAuthorised(
  {
    database,
    payments,
    log,
  }: { readonly database: Queries; readonly payments: Pick<Payments, "submit">; readonly log: Log },
  now: Date,
): Promise<boolean> {
  const { rows } = await database.query<Authorised>("select * from consent.authorised_initiations($1, $2)", [
    now,
    MOST,
  ]);
  let moved = false;
  for (const { id, client_id: clientId, customer, account, initiation, risk } of rows) {
    try {
      await payments.submit({
        kind: "domestic-payment",
        // Several replicas look; the key lets one of them pay.
        claim: {
          clientId,
          path: "initiations",
          key: id,
          body: initiation,
          resource: paymentIdOf(id),
          at: now,
        },
        consentId: id,
        payer: { customer, account },
        initiation,
        instruction: undefined,
        risk: risk ?? {},
      });
      moved = true;
    } catch (error) {
      if (!(error instanceof ObukError)) throw error;
      log.warn({ err: error, consent: id }, "initiated payment not carried out now");
    }
  }
  return moved;
}

/** The id of the payment that an initiation becomes: the same whoever carries it out. */
function paymentIdOf(consent: string): string {
  return `${kindOf("domestic-payment").prefix}-${consent.replace(/^[a-z]+-/, "").replaceAll("-", "")}`;
}
