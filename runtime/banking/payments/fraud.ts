import type { Order } from "./payment.ts";

/** A payment as the fraud service looks at it. */
export interface Suspect {
  readonly customer: string;
  readonly account: string;
  readonly clientId: string;
  readonly order: Order;
}

/** Says how risky payments are. */
export interface FraudPort {
  /** From 0 (none) to 100; undefined when nobody can say now. Never throws, and answers within half a second. */
  score(suspect: Suspect): Promise<number | undefined>;
}

/** `watch`: passes, and is marked so that somebody looks at it afterwards. */
export type Verdict = "pass" | "watch" | "hold" | "refuse";

/** What is done with a payment, and why. */
export interface Judgement {
  readonly verdict: Verdict;
  /** What the fraud service said; undefined: nothing, and the declared rule for that decided. */
  readonly score: number | undefined;
}

/** From these scores on a payment waits for a person, or is refused. */
export const HOLD_FROM = 70;
export const REFUSE_FROM = 90;

/** What a payment is worth at most to pass without a score: 30 euro, as for low values in EU 2018/389 article 16. */
export const LOW_VALUE_EUR = 30;

/** What is known of a payment that nobody scored. */
export interface Unscored {
  /** In euro, whole and hundredths. */
  readonly euros: number;
  /** Whether the customer has paid this payee before, by a payment that arrived. */
  readonly payeeKnown: boolean;
}

/**
 * What is done with a payment.
 *
 * The declared rule while scoring is down: low values, and anything to a payee the customer has paid before up to ten
 * times that, pass and are watched; everything else is held until it can be scored.
 */
export function verdictOf(score: number | undefined, { euros, payeeKnown }: Unscored): Verdict {
  if (score === undefined) {
    return euros <= (payeeKnown ? 10 : 1) * LOW_VALUE_EUR ? "watch" : "hold";
  }
  if (score >= REFUSE_FROM) return "refuse";
  return score >= HOLD_FROM ? "hold" : "pass";
}
