import type { CANCELLATION, ConsentKind } from "../../service/consent-snapshot.ts";

/** What partners can pay by. */
export type PaymentKind = Exclude<ConsentKind, "account-access" | "funds-confirmation" | typeof CANCELLATION>;

/** How a kind of payment goes. */
export interface KindOfPayment {
  readonly kind: PaymentKind;
  /** Last part of its address, below {@link PISP_PATH}. */
  readonly resource: string;
  /** Member of `Data` that holds its id. */
  readonly idName: string;
  /** Letters its ids begin with. */
  readonly prefix: string;
  /** `now` is carried out as it comes in, `date` on its date, `order` again and again, `file` line by line. */
  readonly when: "now" | "date" | "order" | "file";
}

/** Where partners pay, below the API's host. */
export const PISP_PATH = "/open-banking/v4.0/pisp";

/** Every kind. Source: Open Banking UK 4.0, payment initiation and VRP. */
export const PAYMENT_KINDS: readonly KindOfPayment[] = [
  kind("domestic-payment", "DomesticPaymentId", "dp", "now"),
  kind("domestic-scheduled-payment", "DomesticScheduledPaymentId", "dsp", "date"),
  kind("domestic-standing-order", "DomesticStandingOrderId", "dso", "order"),
  kind("international-payment", "InternationalPaymentId", "ip", "now"),
  kind("international-scheduled-payment", "InternationalScheduledPaymentId", "isp", "date"),
  kind("international-standing-order", "InternationalStandingOrderId", "iso", "order"),
  kind("file-payment", "FilePaymentId", "fp", "file"),
  kind("domestic-vrp", "DomesticVRPId", "vrp", "now"),
];

function kind(name: PaymentKind, idName: string, prefix: string, when: KindOfPayment["when"]): KindOfPayment {
  return { kind: name, resource: `${name}s`, idName, prefix, when };
}

/** The row of a kind. */
export function kindOf(name: string): KindOfPayment {
  const found = PAYMENT_KINDS.find((each) => each.kind === name);
  if (found === undefined) throw new Error(`There is no payment of kind ${name}.`);
  return found;
}
