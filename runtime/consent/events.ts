import { createHash } from "node:crypto";
import type { ConsentKind, ConsentState } from "../service/consent-snapshot.ts";
import { requestHash, type Consent, type StrongAuthentication } from "./consent.ts";
import type { TransitionName } from "./states.ts";

/** What the consent service says happened, by the word the rest of the platform knows it by. */
export const CONSENT_EVENTS = {
  request: "consent.requested",
  upload: "consent.file-uploaded",
  use: "consent.used",
  authorise: "consent.authorised",
  reauthorise: "consent.reauthorised",
  /** Beside that, when she chose other accounts than before. */
  relink: "consent.accounts-changed",
  migrate: "consent.migrated",
  reject: "consent.rejected",
  withdraw: "consent.withdrawn",
  delete: "consent.deleted",
  endPartner: "consent.partner-ended",
  expire: "consent.expired",
} as const satisfies Record<TransitionName | "request" | "relink", string>;
export type ConsentEventType = (typeof CONSENT_EVENTS)[keyof typeof CONSENT_EVENTS];

/** Whose doing it was. */
export interface Actor {
  readonly kind: "partner" | "customer" | "bank";
  /** Client id or customer; absent for the bank itself. */
  readonly id?: string;
}

/** One thing that happened to a consent; names and account numbers are not in it. */
export interface ConsentEvent {
  readonly type: ConsentEventType;
  /** RFC 3339. */
  readonly at: string;
  readonly consent: string;
  readonly kind: ConsentKind;
  readonly client: string;
  readonly customer?: string;
  readonly state: ConsentState;
  readonly permissions: readonly string[];
  /** SHA-256 (hex) of the policy it was given under. */
  readonly policyHash: string;
  readonly actor: Actor;
  /** Second factor the customer used, on authorisation. */
  readonly sca?: { readonly method: string; readonly at: string; readonly linked?: string };
  /** SHA-256 (hex) of the words the customer saw, on authorisation. */
  readonly shownHash?: string;
  /** SHA-256 (hex) of the canonical JSON of {kind, request, risk}: what exactly was asked for. */
  readonly requestHash: string;
  /** The same of what was asked for before, on migration. */
  readonly formerHash?: string;
}

/** The event of a consent that has just undergone something; `former` is the one whose words were changed. */
export function consentEvent(
  what: keyof typeof CONSENT_EVENTS,
  consent: Consent,
  { at, actor, former }: { readonly at: Date; readonly actor: Actor; readonly former?: Consent },
): ConsentEvent {
  const { id, clientId, kind, state, permissions, policy, authorisation } = consent;
  const proved = (what === "authorise" || what === "reauthorise") && authorisation !== undefined;
  return {
    type: CONSENT_EVENTS[what],
    at: at.toISOString(),
    consent: id,
    kind,
    client: clientId,
    ...(authorisation === undefined ? {} : { customer: authorisation.customer }),
    state,
    permissions,
    policyHash: policy.hash,
    actor,
    requestHash: requestHash(consent),
    ...(former === undefined ? {} : { formerHash: requestHash(former) }),
    ...(proved ? { sca: evidenceOf(authorisation.sca) } : {}),
    ...(proved && authorisation.shown !== undefined ? { shownHash: sha256(authorisation.shown) } : {}),
  };
}

function evidenceOf({ method, at, linked }: StrongAuthentication): NonNullable<ConsentEvent["sca"]> {
  return { method, at: at.toISOString(), ...(linked === undefined ? {} : { linked }) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
