import type { PaymentState } from "../payments/status.ts";

/** How far a payment has come, in the codes of the Berlin Group (`transactionStatus`). */
export type TransactionStatus = Exclude<PaymentState, "BLCK" | "INCO" | "INFA">;

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
