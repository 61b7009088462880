import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { ACCOUNT_ACCESS } from "./account-access.ts";
import { CANCELLING } from "./cancelling.ts";
import type { KindRules } from "./kind.ts";
import { FUNDS_CONFIRMATION, VRP } from "./lasting.ts";
import { PAYMENT_KINDS } from "./payments.ts";

/** Every kind of consent. */
export const KINDS: readonly KindRules[] = [
  ACCOUNT_ACCESS,
  ...PAYMENT_KINDS,
  VRP,
  FUNDS_CONFIRMATION,
  CANCELLING,
];

/** The rules of a kind. */
export function rulesOf(kind: ConsentKind): KindRules {
  const rules = KINDS.find((each) => each.kind === kind);
  if (rules === undefined) throw new Error(`There are no rules for consents of kind ${kind}.`);
  return rules;
}
