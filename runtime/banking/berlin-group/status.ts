import { kindOf } from "../payments/kinds.ts";
import type { Payment } from "../payments/payment.ts";
import { DEBITED, type PaymentState, type TransferState } from "../payments/status.ts";

/** How far a payment has come, in the codes of the Berlin Group (`transactionStatus`). */
export type TransactionStatus = Exclude<PaymentState, "BLCK" | "INCO" | "INFA"> | "PART";

/** The state of a payment. Nobody gets money that is blocked, but the payer's side of it is settled. */
export function transactionStatus(state: PaymentState): Exclude<TransactionStatus, "PART"> {
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
 * The state of an order or of a file, by all the money it moved: that of what has come least far. While more is to be paid
 * it waits, or is being carried out. Some of a file may be refused (`PART`); of an order it is the rest that counts.
 */
export function statusOfMany(
  { kind, status, nextAt, runs }: Pick<Payment, "kind" | "status" | "nextAt" | "runs">,
  moved: readonly TransferState[],
): TransactionStatus {
  if (status === "CANC") return "CANC";
  if (nextAt !== undefined) return runs === 0 ? "PDNG" : "ACSP";
  const waits = moved.includes("PDNG");
  if (!waits && !moved.some((state) => DEBITED.has(state))) return transactionStatus(status);
  if (kindOf(kind).when === "file" && status === "INFA" && !waits) return "PART";
  const left = moved.filter((state) => state !== "RJCT").map(transactionStatus);
  return FURTHER.find((state) => left.includes(state)) ?? "ACSC";
}
