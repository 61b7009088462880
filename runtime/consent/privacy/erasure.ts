import type { Jurisdiction } from "../../../crds/jurisdiction.ts";
import type { ConsentKind, ConsentState } from "../../service/consent-snapshot.ts";
import { isPayment } from "../consent.ts";
import { isEnd } from "../states.ts";
import { periodEnd, type PeriodRule } from "./periods.ts";
import { plusMonths } from "./request.ts";

/** A consent of the customer, as far as it decides how long it is kept. */
export interface ConsentFacts {
  readonly id: string;
  readonly kind: ConsentKind;
  readonly state: ConsentState;
  readonly stateUpdatedAt: Date;
  /** When she last said yes to it. */
  readonly givenAt: Date;
  /** The law its policy is written for; undefined when that does not say. */
  readonly jurisdiction: Jurisdiction | undefined;
}

/** What was paid under one: each payment, or all of them as one. */
export interface PaymentFacts {
  readonly consent: string;
  /** Whether nothing more comes of it. */
  readonly over: boolean;
  readonly at: Date;
}

/** What is known when it is decided what may be erased. */
export interface ErasureFacts {
  /** When she asked to be forgotten. */
  readonly askedAt: Date;
  readonly consents: readonly ConsentFacts[];
  readonly payments: readonly PaymentFacts[];
  /** Until when somebody has a need of all of it; undefined when nobody has. */
  readonly heldUntil: Date | undefined;
}

/** Why something is not erased now. */
export type Reason = "LegalHold" | "EvidenceOfConsent" | "PaymentRecord" | "PaymentUnderWay" | "GivenSince";

export interface Kept {
  readonly consent: string;
  readonly why: Reason;
  /** Undefined while that cannot be known. */
  readonly until: Date | undefined;
}

/** Each consent stands in one of the three lists, and takes its payments with it. */
export interface ErasureDecision {
  /** Living ones, which end first: whoever wants to be forgotten takes back what she gave until then. */
  readonly withdraw: readonly string[];
  readonly erase: readonly string[];
  readonly keep: readonly Kept[];
  /** When there may be more to erase; undefined when nothing is left. */
  readonly lookAt: Date | undefined;
}

/**
 * What of a customer's data goes now, what stays and until when (GDPR article 17(1)(b), (3)(b), (3)(e); Kenya DPA 2019
 * section 40).
 *
 * At once goes what came to nothing: a payment that was agreed to and never made. What gave something, and what was paid,
 * is evidence and stays for as long as the law of its policy asks. A legal hold keeps everything, and ends nothing less.
 * Whoever has come back lives on with what she has given since.
 */
export function decideErasure(
  { askedAt, consents, payments, heldUntil }: ErasureFacts,
  now: Date,
): ErasureDecision {
  const withdraw: string[] = [];
  const erase: string[] = [];
  const keep: Kept[] = [];
  for (const facts of consents) {
    const { id: consent, state, givenAt } = facts;
    if (!isEnd(state)) {
      if (givenAt > askedAt) keep.push({ consent, why: "GivenSince", until: undefined });
      else withdraw.push(consent);
    } else if (heldUntil !== undefined) {
      keep.push({ consent, why: "LegalHold", until: heldUntil });
    } else {
      const kept = keptByLaw(
        facts,
        payments.filter((payment) => payment.consent === consent),
        now,
      );
      if (kept === undefined) erase.push(consent);
      else keep.push(kept);
    }
  }
  return { withdraw, erase, keep, lookAt: heldUntil ?? nextLook({ withdraw, keep }, now) };
}

function keptByLaw(
  { id: consent, kind, state, stateUpdatedAt, jurisdiction }: ConsentFacts,
  payments: readonly PaymentFacts[],
  now: Date,
): Kept | undefined {
  if (payments.some(({ over }) => !over)) return { consent, why: "PaymentUnderWay", until: undefined };
  if (periodRuleOf({ kind, state, agreed: true }, payments) === "nothing") return undefined;
  const until = periodEnd(jurisdiction, "record", lastOf(stateUpdatedAt, payments));
  if (until <= now) return undefined;
  const why = payments.length > 0 || isPayment(kind) ? "PaymentRecord" : "EvidenceOfConsent";
  return { consent, why, until };
}

/** What a consent that ended is kept for: one that gave access, or was paid under, is the record of that. */
export function periodRuleOf(
  { kind, state, agreed }: Pick<ConsentFacts, "kind" | "state"> & { readonly agreed: boolean },
  payments: readonly PaymentFacts[],
): PeriodRule {
  const gave = state === "COND" || (agreed && !isPayment(kind));
  return gave || payments.length > 0 ? "record" : "nothing";
}

/** When the last came of a consent that ended: from then on its period counts. */
export function lastOf(endedAt: Date, payments: readonly PaymentFacts[]): Date {
  return new Date(Math.max(endedAt.getTime(), ...payments.map(({ at }) => at.getTime())));
}

function nextLook(
  { withdraw, keep }: Pick<ErasureDecision, "withdraw" | "keep">,
  now: Date,
): Date | undefined {
  if (withdraw.length > 0) return now;
  const times = keep.map(({ until }) => (until ?? plusMonths(now, 1)).getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
