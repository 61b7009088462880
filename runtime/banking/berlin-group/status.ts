import type { Payment } from "../payments/payment.ts";
import { DEBITED, type PaymentState, type TransferState } from "../payments/status.ts";

/** How far a payment has come, in the codes of the Berlin Group (`transactionStatus`). */
export type TransactionStatus = Exclude<PaymentState, "BLCK" | "INCO" | "INFA"> | "PART";

/** The state of a payment. Nobody gets money that is blocked, but the payer's side of it is settled. */
export function transactionStatus(state: PaymentState): TransactionStatus {
  switch (state) {
    case "BLCK":
      return "ACSC";
    case "INCO":
      return "ACCC";
    case "INFA":
      return "RJCT";
    case "CANC":
    case "RCVD":
    case "PDNG":
    case "ACSP":
    case "ACSC":
    case "ACWP":
    case "ACCC":
    case "RJCT":
      return state;
  }
}

/** From the least to the furthest that money has come. */
const FURTHER = ["PDNG", "ACSP", "ACSC", "ACWP", "ACCC"] as const satisfies readonly TransactionStatus[];

/**
 * The state of an order, by all the money it moved: that of what has come least far, but for what was refused. While more
 * is to be paid it waits, or is being carried out.
 */
export function statusOfOrder(
  { status, nextAt, runs }: Pick<Payment, "status" | "nextAt" | "runs">,
  moved: readonly TransferState[],
): TransactionStatus {
  if (status === "CANC") return "CANC";
  if (nextAt !== undefined) return runs === 0 ? "PDNG" : "ACSP";
  const waits = moved.includes("PDNG");
  if (!waits && !moved.some((state) => DEBITED.has(state))) return transactionStatus(status);
  const left = moved.filter((state) => state !== "RJCT").map(transactionStatus);
  return FURTHER.find((state) => left.includes(state)) ?? "ACSC";
}

/**
 * The state of a bulk, by each of its payments: while more are to be made it waits, or is being carried out; then it stands where what has
 * come least far does, rejected when nothing was made of it, or in part when some of it was not.
 */
export function statusOfBulk(
  { status, nextAt, runs }: Pick<Payment, "status" | "nextAt" | "runs">,
  moved: readonly TransferState[],
): TransactionStatus {
  if (status === "CANC") return "CANC";
  if (nextAt !== undefined) return runs === 0 ? "PDNG" : "ACSP";
  const left = moved.filter((state) => state !== "RJCT").map(transactionStatus);
  if (left.length === 0) return "RJCT";
  // What could not be made at all, as when the account went away in between, has moved nothing.
  if (left.length < moved.length || status === "INFA") return "PART";
  return FURTHER.find((state) => left.includes(state)) ?? "ACSC";
}
