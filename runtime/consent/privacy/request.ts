import type { Actor } from "../events.ts";

/** What a customer may ask of the bank about her own data (GDPR articles 15 to 21; Kenya DPA 2019 sections 26, 34 to 40). */
export const PRIVACY_KINDS = ["access", "rectification", "erasure", "restriction", "objection"] as const;
export type PrivacyKind = (typeof PRIVACY_KINDS)[number];

/** Whose time limit holds for the answer. */
export const LAWS = ["GDPR", "KenyaDPA"] as const;
export type Law = (typeof LAWS)[number];

export const ANSWERS = ["Granted", "GrantedInPart", "Refused"] as const;
export type PrivacyAnswer = (typeof ANSWERS)[number];

/** How far an erasure came. */
export interface ErasureOutcome {
  /** Consents, each with its payments. */
  readonly erased: number;
  readonly kept: number;
  /** RFC 3339; when the last of what is kept goes, as far as that is known. */
  readonly until?: string;
}

/** One thing a customer asked of the bank about her own data. */
export interface PrivacyRequest {
  readonly id: string;
  readonly customer: string;
  readonly kind: PrivacyKind;
  readonly law: Law;
  readonly askedAt: Date;
  /** The customer herself, or a person of the bank for her. */
  readonly askedBy: Actor;
  /** Her own words, where they are needed to decide; personal. */
  readonly words?: string | undefined;
  /** Latest time of an answer. */
  readonly dueAt: Date;
  /** What she was told of why it takes longer. */
  readonly extendedBecause?: string | undefined;
  readonly answeredAt?: Date | undefined;
  readonly answer?: PrivacyAnswer | undefined;
  readonly because?: string | undefined;
  readonly outcome?: ErasureOutcome | undefined;
  /** Of an erasure: when it is looked at again; undefined when nothing is left to look at. */
  readonly lookAt?: Date | undefined;
  /** Of an erasure: since when no row holds anything of her. */
  readonly erasedAt?: Date | undefined;
  /** Of an erasure: since when what stands encrypted in the audit log can be read by nobody. */
  readonly shreddedAt?: Date | undefined;
}

/** What is asked now, with the latest time of its answer. */
export function newRequest(
  asked: Pick<PrivacyRequest, "id" | "customer" | "kind" | "law" | "askedBy" | "words">,
  askedAt: Date,
): PrivacyRequest {
  return { ...asked, askedAt, dueAt: dueAt(asked.law, askedAt) };
}

/**
 * Days the Kenyan regulations give: seven for access (General Regulations 2021, regulation 9). For the other rights sources
 * differ, and none gives less; the shortest is kept for all.
 */
const KENYAN_DAYS = 7;

/** Latest time of an answer to what was asked now: in the EU one month (GDPR article 12(3)). */
export function dueAt(law: Law, askedAt: Date): Date {
  return law === "GDPR" ? plusMonths(askedAt, 1) : new Date(askedAt.getTime() + KENYAN_DAYS * 86_400_000);
}

/**
 * Latest time of an answer when it takes longer: two months more (GDPR article 12(3)), told within the first one.
 *
 * @returns undefined where the law gives no more time, or it was extended before, or it is too late to say so.
 */
export function extendedDueAt(
  { law, askedAt, dueAt: due, extendedBecause, answeredAt }: PrivacyRequest,
  now: Date,
): Date | undefined {
  if (law !== "GDPR" || extendedBecause !== undefined || answeredAt !== undefined || now > due)
    return undefined;
  return plusMonths(askedAt, 3);
}

/** The same day of a later month (UTC), or the last one where there is no such day (EEC 1182/71 article 3(2)(c)). */
export function plusMonths(at: Date, months: number): Date {
  const later = new Date(at);
  later.setUTCMonth(later.getUTCMonth() + months);
  // The 31st of a month with thirty days became the 1st of the next.
  if (later.getUTCDate() !== at.getUTCDate()) later.setUTCDate(0);
  return later;
}
