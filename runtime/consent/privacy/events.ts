import { writeAuditLeaf } from "../../service/audit-leaf.ts";
import { writeOutbox } from "../../service/outbox.ts";
import type { Queries } from "../../service/postgres.ts";
import type { Actor } from "../events.ts";
import type { ErasureOutcome, Law, PrivacyAnswer, PrivacyKind, PrivacyRequest } from "./request.ts";

/** What happens to a customer's wishes about her data, and to the data; partners are told none of it. */
export const PRIVACY_EVENTS = [
  "privacy.asked",
  "privacy.extended",
  "privacy.answered",
  "privacy.restricted",
  "privacy.unrestricted",
  "privacy.erased",
  "privacy.held",
  "privacy.released",
  "privacy.shredded",
  "privacy.aged",
  "consent.erased",
] as const;

/** One such thing. What a customer said in her own words is not in it. */
export interface PrivacyEvent {
  readonly type: (typeof PRIVACY_EVENTS)[number];
  /** RFC 3339. */
  readonly at: string;
  /** Absent of what was erased: nothing ties it to her any more. */
  readonly customer?: string;
  readonly actor: Actor;
  /** Id of what was asked. */
  readonly request?: string;
  readonly kind?: PrivacyKind;
  readonly law?: Law;
  readonly dueAt?: string;
  readonly answer?: PrivacyAnswer;
  /** Why it takes longer, is refused, restricted no more, or held: a few words with nothing personal in them. */
  readonly because?: string;
  readonly outcome?: ErasureOutcome;
  /** Of a legal hold: its id, and until when it lasts. */
  readonly hold?: string;
  readonly until?: string;
  /** Of an erased consent: its id, and SHA-256 (hex) of what had been asked for. */
  readonly consent?: string;
  readonly requestHash?: string;
  /** Of what was too old to be kept: by which rule, what, and how much of it at one time. */
  readonly rule?: string;
  readonly what?: "consents" | "requests" | "holds";
  readonly count?: number;
}

/** Tells of something and keeps it as evidence, in the transaction of the thing itself. */
export async function tell(
  tx: Queries,
  subject: string,
  event: PrivacyEvent,
  personal?: { readonly customer: string; readonly fields: object },
): Promise<void> {
  await writeOutbox(tx, subject, event);
  const at = new Date(event.at);
  await writeAuditLeaf(tx, { at, subject, value: event, ...(personal && { personal }) });
}

/** The event of a request, as far as all have the same in them. */
export function eventOf(
  type: PrivacyEvent["type"],
  { id, customer, kind, law, dueAt }: PrivacyRequest,
  { at, actor }: { readonly at: Date; readonly actor: Actor },
): PrivacyEvent {
  return {
    type,
    at: at.toISOString(),
    customer,
    actor,
    request: id,
    kind,
    law,
    dueAt: dueAt.toISOString(),
  };
}
