import type { Jurisdiction } from "../../../crds/jurisdiction.ts";
import { isEnd } from "../states.ts";
import { lastOf, periodRuleOf, type ConsentFacts, type PaymentFacts } from "./erasure.ts";
import { periodEnd, STRICTEST, type PeriodRule } from "./periods.ts";
import { plusMonths } from "./request.ts";

/** What is known of a consent when it is decided whether it is too old to be kept. */
export interface AgeFacts {
  readonly consent: Omit<ConsentFacts, "givenAt"> & {
    /** Undefined of one that nobody ever agreed to. */
    readonly customer: string | undefined;
  };
  /** What was paid under it. */
  readonly payments: readonly PaymentFacts[];
  /** Until when somebody has a need of everything about the customer; undefined when nobody has. */
  readonly heldUntil: Date | undefined;
}

/** A consent goes with its payments, or is looked at again. */
export type AgeDecision =
  | { readonly do: "erase"; readonly rule: AgeRule }
  | { readonly do: "keep"; readonly lookAt: Date };

/** By which rule something was too old: the law, and what it was kept for. */
export type AgeRule = `${Jurisdiction}/${PeriodRule}`;

/**
 * Whether a consent has been kept for as long as its law asks, though nobody asked for anything (GDPR article 5(1)(e); Kenya DPA
 * 2019 section 39). A legal hold keeps it for longer, and so does a payment of which something may still come.
 */
export function decideByAge({ consent, payments, heldUntil }: AgeFacts, now: Date): AgeDecision {
  const { kind, state, stateUpdatedAt, customer, jurisdiction } = consent;
  if (!isEnd(state) || payments.some(({ over }) => !over)) return { do: "keep", lookAt: plusMonths(now, 1) };
  const rule = periodRuleOf({ kind, state, agreed: customer !== undefined }, payments);
  const over = periodEnd(jurisdiction, rule, lastOf(stateUpdatedAt, payments));
  const lookAt = new Date(Math.max(over.getTime(), heldUntil?.getTime() ?? 0));
  if (lookAt > now) return { do: "keep", lookAt };
  return { do: "erase", rule: `${jurisdiction ?? STRICTEST}/${rule}` };
}
