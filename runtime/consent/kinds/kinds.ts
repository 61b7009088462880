import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { ACCOUNT_ACCESS } from "./account-access.ts";
import { CANCELLING } from "./cancelling.ts";
import type { KindRules } from "./kind.ts";
import { FUNDS_CONFIRMATION, VRP } from "./lasting.ts";
import { PAYMENT_KINDS } from "./payments.ts";

/** Every kind of consent that Open Banking UK has addresses for. */
export const KINDS: readonly KindRules[] = [ACCOUNT_ACCESS, ...PAYMENT_KINDS, VRP, FUNDS_CONFIRMATION];

/** The rules of a kind. */
export function rulesOf(kind: ConsentKind): KindRules {
  const rules = [...KINDS, CANCELLING].find((each) => each.kind === kind);
  if (rules === undefined) throw new Error(`There are no rules for consents of kind ${kind}.`);
  return rules;
}
