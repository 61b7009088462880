import type { Queries } from "../../service/postgres.ts";
import type { Verdict } from "./fraud.ts";
import { kindOf } from "./kinds.ts";
import { planOf } from "./orders.ts";
import type { Payment, Transfer } from "./payment.ts";
import { nthPayment } from "./schedule.ts";
import { stateOfMany, type PaymentState } from "./status.ts";

/** How long money that is held waits before it is looked at again, in ms. */
const HELD_MS = 300_000;

/** A payment after one of its runs; money that was held is looked at again. */
export function afterRun(payment: Payment, transfer: Transfer, verdict: Verdict, at: Date): Payment {
  const { when } = kindOf(payment.kind);
  if (transfer.status === "PDNG" && verdict === "hold") {
    return stood(payment, "PDNG", "U031", at, new Date(at.getTime() + HELD_MS), payment.runs);
  }
  const runs = payment.runs + 1;
  const schedule = when === "order" ? planOf(payment.kind, payment.initiation)?.schedule : undefined;
  const nextAt = schedule && nthPayment(schedule, runs);
  const status: PaymentState = when === "order" ? stateOfMany([transfer.status], false) : transfer.status;
  return stood(payment, status, transfer.reason, at, nextAt, runs);
}

/** A payment as it stands at a time, after so many runs. */
export function stood(
  payment: Payment,
  status: PaymentState,
  reason: Payment["reason"],
  at: Date,
  nextAt: Date | undefined,
  runs: number,
): Payment {
  return { ...payment, status, reason, statusAt: at, nextAt, runs };
}

/** A payment that ends because the bank's core has no such account any more. */
export function withoutAccount(payment: Payment, at: Date): Payment {
  const many = ["order", "file"].includes(kindOf(payment.kind).when);
  return stood(payment, many ? "INFA" : "RJCT", "AC05", at, undefined, payment.runs);
}

/** A recurring payment that was refused does not count towards its limits. */
export async function releaseIfRefused(
  tx: Queries,
  { id, kind }: Payment,
  { status }: Pick<Payment, "status">,
  at: Date,
): Promise<void> {
  if (kind === "domestic-vrp" && status === "RJCT")
    await tx.query("select consent.release($1, $2)", [id, at]);
}
