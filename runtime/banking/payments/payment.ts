import { createHash } from "node:crypto";
import { canonicalJson } from "../../service/canonical-json.ts";
import type { PaymentKind } from "./kinds.ts";
import type { PaymentState, Reason, TransferState } from "./status.ts";

/** Members of a JSON object that is passed on as it came. */
export type Members = Readonly<Record<string, unknown>>;

/** A payment a partner initiated. */
export interface Payment {
  readonly id: string;
  readonly kind: PaymentKind;
  readonly clientId: string;
  readonly consentId: string;
  readonly customer: string;
  /** AccountId it is paid from. */
  readonly account: string;
  readonly initiation: Members;
  /** Of a variable recurring payment: the payment itself; its initiation is the consent's. */
  readonly instruction: Members | undefined;
  readonly risk: Members;
  readonly status: PaymentState;
  readonly reason: Reason | undefined;
  readonly createdAt: Date;
  readonly statusAt: Date;
  /** When it is carried out, or carried out again. */
  readonly nextAt: Date | undefined;
  /** How many times it was. */
  readonly runs: number;
}

/** SHA-256 (hex) of the canonical JSON of {kind, initiation, instruction}: how much was to be paid, and to whom. */
export function initiationHash({
  kind,
  initiation,
  instruction,
}: Pick<Payment, "kind" | "initiation" | "instruction">): string {
  return createHash("sha256").update(canonicalJson({ kind, initiation, instruction })).digest("hex");
}

/** Who gets money. */
export interface Creditor {
  readonly scheme: string;
  readonly identification: string;
  readonly name: string;
}

/** Money to be moved, before anybody looked whether it can be. */
export interface Order {
  /** In minor units of `currency`. */
  readonly amount: bigint;
  readonly currency: string;
  /** Currency the payee is to get. */
  readonly creditCurrency: string;
  /** Rate the partner agreed with the bank: how much of `creditCurrency` one of `currency` is. */
  readonly agreedRate: number | undefined;
  readonly creditor: Creditor;
  readonly reference: string;
  readonly endToEnd: string;
}

/** How much goes from whom to whom. */
export interface Money {
  /** Of the transfer; everybody it is handed to takes it once by this. */
  readonly id: string;
  readonly payment: string;
  /** AccountId of the payer. */
  readonly account: string;
  /** What the payer's account is debited, in minor units. */
  readonly amount: bigint;
  readonly currency: string;
  /** What the payee gets, in minor units. */
  readonly creditAmount: bigint;
  readonly creditCurrency: string;
  readonly creditor: Creditor;
  readonly reference: string;
  readonly endToEnd: string;
}

/** Money that moves, or was refused. */
export interface Transfer extends Money {
  readonly status: TransferState;
  readonly reason: Reason | undefined;
  /** Let through while nobody could say how risky it was. */
  readonly watched: boolean;
  readonly at: Date;
  readonly statusAt: Date;
}
