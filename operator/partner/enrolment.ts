import type { EnrolmentRequest } from "../../crds/enrolment.ts";
import type { PartnerEnrolment } from "../../crds/partner-enrolment.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { allowedByCertificate, csrName, sha256Hex } from "../csr/names.ts";
import { judgeCsr } from "../csr/policy.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import type { CertificateState } from "./certificates.ts";
import { isKnownKey, sanOf } from "./issued-certificate.ts";
import { isAccepted, renewableFrom } from "./overlap.ts";
import { LOST_KEYS } from "./revocation.ts";
import type { PartnerWorld } from "./world.ts";

/** What a request of the partner itself is judged by. */
export interface EnrolmentFacts {
  readonly partner: PartnerObject;
  readonly world: PartnerWorld;
  /** Its certificates as the resource has them. */
  readonly certificates: readonly CertificateState[];
  /** Thumbprints that are revoked. */
  readonly revoked: ReadonlySet<string>;
}

/** What to do about one request: renew the certificate of that name, say no for good, or look again later. */
export type EnrolmentVerdict =
  | { readonly do: "take"; readonly certificate: string }
  | { readonly do: "refuse"; readonly message: string }
  | { readonly do: "wait" };

/** A decision stands so long before another request is looked at, in ms: a region cannot keep the hub busy. */
export const ENROLMENT_REST_MS = 60_000;

/** A request that nobody approved for so long makes room, in ms; so long a re-enrolled certificate stays at least. */
export const ENROLMENT_DAY_MS = 86_400_000;

/**
 * The newest request of the partner: the one in status, or one from a group that has a new one, judged.
 *
 * One at a time, of the group first that was not heard for longest: a region that asks for ever shuts no other out. Each
 * group's last request is remembered, so that an old one does not come back when another group's is taken; the clock of
 * a region decides nothing.
 */
export function newestEnrolment(facts: EnrolmentFacts, now: Date): PartnerEnrolment | undefined {
  const { partner, world } = facts;
  const before = partner.status?.enrolment;
  // In the order in which they were heard.
  const asked = new Map(before?.asked.map(({ group, csrHash }) => [group, csrHash]));
  const heard = [...asked.keys()];
  const requests = world.groups.flatMap(({ name, enrolment }) =>
    enrolment && partner.spec.groups.includes(name)
      ? [{ ...enrolment, group: name, csrHash: sha256Hex(enrolment.csr) }]
      : [],
  );
  for (const { group, csrHash } of requests) if (csrHash === before?.csrHash) asked.set(group, csrHash);
  const kept = before && { ...before, asked: listOf(asked) };
  if (before && restsUntil(before) > now.getTime()) return kept;
  for (const request of requests.toSorted((a, b) => heard.indexOf(a.group) - heard.indexOf(b.group))) {
    if (asked.get(request.group) === request.csrHash) continue;
    const verdict = judgeEnrolment(request, facts, now);
    if (verdict.do === "wait") continue;
    const { group, csrHash, over, csr } = request;
    asked.delete(group);
    const taken = { csrHash, at: now.toISOString(), group, over, asked: listOf(asked.set(group, csrHash)) };
    if (verdict.do === "refuse")
      return { ...taken, state: "Refused", message: verdict.message.slice(0, 1_000) };
    const { certificate } = verdict;
    return {
      ...taken,
      state: "Pending",
      certificate,
      request: csrName(world.clientId, certificate, csr),
      csr,
    };
  }
  return kept;
}

/** Milliseconds until a request that waits may be looked at; undefined when none does. */
export function enrolmentRest({ partner, world }: EnrolmentFacts, now: Date): number | undefined {
  const before = partner.status?.enrolment;
  const rest = before ? restsUntil(before) - now.getTime() : 0;
  const waits = world.groups.some(({ name, enrolment }) => {
    const hash = enrolment && sha256Hex(enrolment.csr);
    const seen = before?.asked.some(({ group, csrHash }) => group === name && csrHash === hash);
    return hash !== undefined && hash !== before?.csrHash && !seen;
  });
  return waits && rest > 0 ? rest : undefined;
}

/**
 * Judges one request, as if no gateway had looked at it.
 *
 * The subject has to be the partner's (RFC 7030 section 4.2.2), alternative names those of its certificate or none. The
 * certificate it was asked over has to be live. One that was re-enrolled may be renewed over itself from a third of its
 * life on; over its predecessor, whose owner may have lost the newer key, after a day, in the group that the newer one
 * was asked for in: it goes at once then, and no other region may take it away. Each time is one more certificate that
 * status and the CRL have to name, which is bounded: they may not push out what the bank has revoked.
 */
export function judgeEnrolment(
  { csr, over, group }: EnrolmentRequest & { readonly group: string },
  { partner: { spec, status: told }, world: { clientId }, certificates, revoked }: EnrolmentFacts,
  now: Date,
): EnrolmentVerdict {
  const refuse = (message: string): EnrolmentVerdict => ({ do: "refuse", message });
  const barred = barredBy(spec, group);
  if (barred !== undefined) return refuse(barred);
  const state = certificates.find(({ status }) => isHeld(status, over, now));
  if (!state || revoked.has(over)) {
    return refuse("It was asked over a certificate that is not live; ask over one that is.");
  }
  const { status, reason } = state;
  const { name, pem, previous, enrolled } = status;
  if (reason !== "Issued" || !spec.certificates.some((each) => each.name === name)) {
    return refuse(
      `Certificate ${name} cannot be renewed this way now (${reason}); send the CSR to the bank.`,
    );
  }
  const verdict = judgeCsr(csr, { ...allowedByCertificate(sanOf(pem)), commonName: clientId });
  if (!verdict.ok) return refuse(verdict.finding.message);
  if (
    isKnownKey(
      csr,
      knownTo(certificates),
      spec.certificates.map((each) => each.csr),
    )
  ) {
    return refuse("Its key was used before; make a new key pair for every certificate.");
  }
  if (over === status.thumbprint) {
    const from = enrolled && renewableFrom(status);
    if (from && from > now) {
      return refuse(`Certificate ${name} was renewed already; renew it again from ${from.toISOString()} on.`);
    }
    // Its predecessor goes when the new one comes: not before this one was seen in every pod, and its week is over.
    if (!previous || revoked.has(previous.thumbprint)) return { do: "take", certificate: name };
    const { retires } = previous;
    if (retires === undefined) return { do: "wait" };
    return refuse(
      `Certificate ${name} was renewed already; renew it again from ${retires} on, when the one before has retired.`,
    );
  }
  if (!enrolled) return refuse(`Certificate ${name} was renewed by the bank; ask over the newer one.`);
  if (enrolled.group !== group) {
    return refuse(
      `Certificate ${name} was renewed already; if its key is lost, ask in group ${enrolled.group}, where it was asked for, or send a CSR to the bank.`,
    );
  }
  const gone = told?.revoked?.length ?? 0;
  if (gone >= LOST_KEYS) {
    return refuse(
      `Certificate ${name} was renewed already, and ${gone} certificates of this partner are revoked and not yet expired; send a CSR to the bank.`,
    );
  }
  const again = new Date(Date.parse(enrolled.at) + ENROLMENT_DAY_MS);
  return again > now
    ? refuse(
        `Certificate ${name} was renewed already; if its key is lost, ask again from ${again.toISOString()} on.`,
      )
    : { do: "take", certificate: name };
}

/** Why a partner may renew nothing itself in a group now, whatever it asks for; undefined: it may. */
export function barredBy(
  { reenrolment, suspended, groups }: PartnerObject["spec"],
  group: string,
): string | undefined {
  if (reenrolment === "Refused")
    return "This partner may not renew a certificate itself; send the CSR to the bank.";
  if (suspended) return "This partner is suspended; contact the bank.";
  return groups.includes(group) ? undefined : `This partner is not served in group ${group} any more.`;
}

/** Whether a certificate, or the accepted one before it, has that thumbprint. */
function isHeld({ thumbprint, previous }: CertificateStatus, over: string, now: Date): boolean {
  return thumbprint === over || (previous?.thumbprint === over && isAccepted(previous, now));
}

function knownTo(certificates: readonly CertificateState[]): readonly (string | undefined)[] {
  return certificates.flatMap(({ status: { pem, previous } }) => [pem, previous?.pem]);
}

function restsUntil({ state, at }: PartnerEnrolment): number {
  return Date.parse(at) + (state === "Pending" ? ENROLMENT_DAY_MS : ENROLMENT_REST_MS);
}

function listOf(asked: ReadonlyMap<string, string>): PartnerEnrolment["asked"] {
  return [...asked].map(([group, csrHash]) => ({ group, csrHash })).slice(-16);
}
