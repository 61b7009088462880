import { claimKey, type Claim } from "../../service/idempotency.ts";
import type { Queries } from "../../service/postgres.ts";
import { accountOf, CoreUnavailable } from "../core-bank.ts";
import { judge } from "./judge.ts";
import { kindOf, type PaymentKind } from "./kinds.ts";
import { move, type Move } from "./moving.ts";
import { planOf } from "./orders.ts";
import { afterRun, releaseIfRefused } from "./outcome.ts";
import type { Members, Payment } from "./payment.ts";
import type { PaymentsOptions } from "./payments.ts";
import type { Reason } from "./status.ts";
import { findPayment, insertPayment } from "./store.ts";
import { refused, useConsent } from "./use-consent.ts";

/** A payment as it was asked for. */
export interface Submission {
  readonly kind: PaymentKind;
  /** Its resource is the payment's id. */
  readonly claim: Claim;
  readonly consentId: string;
  /** Whose consent it is and from which account it pays, as far as the gateway knew. */
  readonly payer: { readonly customer: string; readonly account: string };
  readonly initiation: Members;
  readonly instruction: Members | undefined;
  readonly risk: Members;
}

/** Takes a payment in, uses its consent and carries out what is due at once, in one transaction. @throws ObukError 400. */
export async function submit(options: PaymentsOptions, submission: Submission): Promise<Payment> {
  const { kind, claim, payer, initiation, instruction } = submission;
  const { at, clientId } = claim;
  const { when } = kindOf(kind);
  const plan = when === "file" ? undefined : planOf(kind, instruction ?? initiation);
  if (when !== "file" && plan === undefined) {
    throw refused(
      "InvalidFormat",
      "The payment has no amount that its currency can hold.",
      "Data.Initiation",
    );
  }
  const first = when === "now" ? plan?.order(0) : undefined;
  const judgement = first && (await judge(options, { clientId, ...payer, order: first }));
  const books = first && (await payerNow(options, payer));
  let carriedOut = false;
  const payment = await once(options, submission, async (tx, taken) => {
    const received: Payment = { ...taken, nextAt: firstRun(initiation, plan?.schedule?.first, at) };
    if (first === undefined || judgement === undefined || books === undefined) {
      await insertPayment(tx, received);
      return received;
    }
    carriedOut = true;
    return firstMove(tx, options, received, { order: first, verdict: judgement.verdict, ...books });
  });
  // A request that came again was judged again, and is no other payment.
  if (carriedOut && judgement !== undefined) options.record?.observe({ clientId, ...judgement });
  return payment;
}

/** Where the payer's account is; undefined when a core cannot say so now: then the payment waits. */
async function payerNow(
  options: PaymentsOptions,
  payer: Submission["payer"],
): Promise<Pick<Move, "atCore"> | undefined> {
  if (options.core === undefined) return {};
  try {
    const atCore = await accountOf(options.core, payer.customer, payer.account);
    return atCore && { atCore };
  } catch (error) {
    if (error instanceof CoreUnavailable) return undefined;
    throw error;
  }
}

/**
 * Keeps a payment that can never be carried out as refused, and uses its consent: what nobody will ask about again is
 * looked at once.
 *
 * @throws ObukError as {@link submit}.
 */
export function refuse(
  options: Pick<PaymentsOptions, "database">,
  submission: Submission,
  reason: Reason,
): Promise<Payment> {
  return once(options, submission, async (tx, taken) => {
    const payment: Payment = { ...taken, status: "RJCT", reason };
    await insertPayment(tx, payment);
    return payment;
  });
}

/** One transaction that claims the key, uses the consent, and hands on the payment that waits; or the one made before. */
function once(
  { database }: Pick<PaymentsOptions, "database">,
  submission: Submission,
  keep: (tx: Queries, taken: Payment) => Promise<Payment>,
): Promise<Payment> {
  const { kind, claim, consentId, initiation, instruction, risk } = submission;
  const { at, clientId, resource: id } = claim;
  return database.transaction(async (tx) => {
    const claimed = await claimKey(tx, claim);
    if (claimed.outcome === "Repeated") {
      const known = await findPayment(tx, claimed.resource);
      if (known !== undefined) return known;
    }
    const { customer, account } = await useConsent(tx, submission);
    return keep(tx, {
      id,
      kind,
      clientId,
      consentId,
      customer,
      account,
      initiation,
      instruction,
      risk,
      status: "PDNG",
      reason: "U031",
      createdAt: at,
      statusAt: at,
      nextAt: undefined,
      runs: 0,
    });
  });
}

/** When a payment is carried out first: a file may name its date, an order has one, anything else is due now. */
function firstRun(initiation: Members, scheduled: Date | undefined, at: Date): Date {
  const asked = initiation["RequestedExecutionDateTime"];
  const date = scheduled ?? (typeof asked === "string" ? new Date(asked) : at);
  return date < at ? at : date;
}

async function firstMove(
  tx: Queries,
  { rates }: PaymentsOptions,
  received: Payment,
  how: Pick<Move, "order" | "verdict" | "atCore">,
): Promise<Payment> {
  const { id, account, createdAt: at } = received;
  const transfer = await move(tx, { id, payment: id, account, rates, at, ...how });
  const payment = afterRun(received, transfer, how.verdict, at);
  await insertPayment(tx, payment);
  await releaseIfRefused(tx, payment, transfer, at);
  return payment;
}
