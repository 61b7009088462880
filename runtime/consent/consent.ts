import { createHash } from "node:crypto";
import type { ShardPolicy } from "../../crds/shard.ts";
import { canonicalJson } from "../service/canonical-json.ts";
import {
  CANCELLATION,
  type ConsentKind,
  type ConsentState,
  PAYMENT_KINDS,
} from "../service/consent-snapshot.ts";
import { stateAfter, type Ending } from "./states.ts";

/** How the customer proved who they are, as evidence. */
export interface StrongAuthentication {
  /** Second factor, such as `otp`. */
  readonly method: string;
  readonly at: Date;
  /**
   * Of a payment: hash of amount and payee that she saw and her code was made for (RTS article 5); only with that very
   * request is it worth anything.
   */
  readonly linked?: string | undefined;
}

/** Who said yes, to which accounts, in which grant of the authorization server. */
export interface Authorisation {
  readonly customer: string;
  readonly accounts: readonly string[];
  /** The account she pays from, as the bank knows it; for every kind but account access, and then it is the one in `accounts`. */
  readonly debtor?: PayerAccount | undefined;
  readonly grantId: string;
  readonly sca: StrongAuthentication;
  /** The words she saw when she agreed. */
  readonly shown?: string | undefined;
}

/** An account that is paid from, in the members of `OBCashAccountDebtorWithName`. */
export interface PayerAccount {
  /** Kind of its number, such as `UK.OBIE.IBAN`. */
  readonly SchemeName: string;
  readonly Identification: string;
  readonly Name: string;
}

/** A customer's permission for one partner to do one thing, from the partner's request to its end. */
export interface Consent {
  readonly id: string;
  readonly clientId: string;
  readonly kind: ConsentKind;
  readonly state: ConsentState;
  /** Of account access; empty for every other kind. */
  readonly permissions: readonly string[];
  /** What was asked for, as the partner sent it: `Data` of the standard. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly risk: Readonly<Record<string, unknown>> | undefined;
  /** The body as it was sent, when that was in the words of the Berlin Group; what follows from it is in `request`. */
  readonly berlinGroup?: Readonly<Record<string, unknown>> | undefined;
  readonly createdAt: Date;
  readonly stateUpdatedAt: Date;
  /** End of what was asked for; always within what the policy allows. */
  readonly expiresAt: Date;
  readonly transactionFrom: Date | undefined;
  readonly transactionTo: Date | undefined;
  /** As it stood when the consent was made. */
  readonly policy: ShardPolicy;
  readonly authorisation: Authorisation | undefined;
  /** What ended it; undefined while it lives. */
  readonly endedBy: Ending | undefined;
  /** Since when nothing is left of it but that it was: it is shown to nobody. */
  readonly erasedAt?: Date | undefined;
}

/** Whether a consent is for one payment, order or file, or for cancelling one, and consumed by it. */
export function isPayment(kind: ConsentKind): boolean {
  return kind === CANCELLATION || (PAYMENT_KINDS as readonly ConsentKind[]).includes(kind);
}

/** SHA-256 (hex) of the canonical JSON of {kind, request, risk}: what exactly was asked for. */
export function requestHash({ kind, request, risk }: Pick<Consent, "kind" | "request" | "risk">): string {
  return createHash("sha256").update(canonicalJson({ kind, request, risk })).digest("hex");
}

/** Life of a request nobody authorises, in ms. */
export const AWAITING_MS = 86_400_000;

/**
 * From when on the customer must authenticate again before account access gives anything; undefined for what is asked
 * for once, and for limits she set herself. Source: EU 2018/389 article 10a.
 */
export function reauthenticationDue({
  kind,
  policy,
  authorisation,
}: Pick<Consent, "kind" | "policy" | "authorisation">): Date | undefined {
  if (kind !== "account-access" || authorisation === undefined) return undefined;
  return new Date(authorisation.sca.at.getTime() + policy.reauthenticationDays * 86_400_000);
}

/** When a living consent ends by itself: a request waits for a day at most. */
export function endOf({
  state,
  createdAt,
  expiresAt,
}: Pick<Consent, "state" | "createdAt" | "expiresAt">): Date {
  if (state !== "AWUP" && state !== "AWAU") return expiresAt;
  return new Date(Math.min(expiresAt.getTime(), createdAt.getTime() + AWAITING_MS));
}

/** The consent as it stands at a time: one whose time is over is expired, though nobody has written that down yet. */
export function asOf(consent: Consent, now: Date): Consent {
  const end = endOf(consent);
  const after = stateAfter(consent.state, "expire");
  if (after === undefined || now < end) return consent;
  return { ...consent, state: after, stateUpdatedAt: end, endedBy: "expire" };
}
