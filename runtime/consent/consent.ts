import type { ShardPolicy } from "../../crds/shard.ts";
import type { ConsentState } from "../service/consent-snapshot.ts";
import { stateAfter, type Ending } from "./states.ts";

/** How the customer proved who they are, as evidence. */
export interface StrongAuthentication {
  /** Second factor, such as `otp`. */
  readonly method: string;
  readonly at: Date;
}

/** Who said yes, to which accounts, in which grant of the authorization server. */
export interface Authorisation {
  readonly customer: string;
  readonly accounts: readonly string[];
  readonly grantId: string;
  readonly sca: StrongAuthentication;
}

/** A customer's permission for one partner to read account data, from the partner's request to its end. */
export interface Consent {
  readonly id: string;
  readonly clientId: string;
  readonly state: ConsentState;
  readonly permissions: readonly string[];
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
}

/** Life of a request nobody authorises, in ms. */
export const AWAITING_MS = 86_400_000;

/** When a living consent ends by itself: a request waits for a day at most. */
export function endOf({
  state,
  createdAt,
  expiresAt,
}: Pick<Consent, "state" | "createdAt" | "expiresAt">): Date {
  if (state !== "AWAU") return expiresAt;
  return new Date(Math.min(expiresAt.getTime(), createdAt.getTime() + AWAITING_MS));
}

/** The consent as it stands at a time: one whose time is over is expired, though nobody has written that down yet. */
export function asOf(consent: Consent, now: Date): Consent {
  const end = endOf(consent);
  const after = stateAfter(consent.state, "expire");
  if (after === undefined || now < end) return consent;
  return { ...consent, state: after, stateUpdatedAt: end, endedBy: "expire" };
}
