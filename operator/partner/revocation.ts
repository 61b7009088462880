import type { PartnerStatus } from "../../crds/partner-status.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import type { CertificateStatus } from "./certificate-status.ts";

/** A certificate that is revoked for good, as status and the CRL name it. */
export type Revoked = NonNullable<PartnerStatus["revoked"]>[number];

/** A CRL names a certificate until it would have expired, and a day more for clocks (RFC 5280 section 3.3). */
const KEPT_MS = 86_400_000;

/** What status can hold; the oldest to end go first. */
const MOST = 64;

/** A partner that loses key after key may fill no more of it: the rest is kept for what the bank revokes. */
export const LOST_KEYS = 48;

/**
 * Thumbprints that may not be used: those named in the spec, those named once, and whatever was re-enrolled over one of
 * them, since whoever had the old key could have asked for it.
 */
export function refusedThumbprints(
  { spec, status }: PartnerObject,
  certificates: readonly CertificateStatus[],
): ReadonlySet<string> {
  const named = new Set([
    ...spec.revokedThumbprints,
    ...(status?.revoked?.map(({ thumbprint }) => thumbprint) ?? []),
  ]);
  const descended = certificates.flatMap(({ thumbprint, enrolled, previous }) => [
    ...(enrolled?.lineage.some((each) => named.has(each)) ? [thumbprint ?? ""] : []),
    ...(previous?.lineage?.some((each) => named.has(each)) ? [previous.thumbprint] : []),
  ]);
  return new Set([...named, ...descended]);
}

/**
 * Every revoked certificate of a Partner: those named in the spec now, those named once, and those whose key is lost.
 *
 * Taking a thumbprint out of the spec again un-revokes nothing: whoever relies on a CRL may have seen it.
 */
export function revokedOf(
  partner: PartnerObject,
  certificates: readonly CertificateStatus[],
  now: Date,
): Revoked[] {
  const refused = refusedThumbprints(partner, certificates);
  const named = serialsOf(certificates).filter(({ thumbprint }) => refused.has(thumbprint));
  const lost = serialsOf(lostOf(partner.status?.certificates ?? [], certificates));
  return ledger(partner.status?.revoked ?? [], [...named, ...lost], "keyCompromise", now);
}

/** Certificates whose partner asked for another one over their predecessor: nobody says where their keys are. */
function lostOf(
  before: readonly CertificateStatus[],
  certificates: readonly CertificateStatus[],
): readonly CertificateStatus[] {
  return before.flatMap(({ previous: _previous, ...own }) => {
    const after = certificates.find(({ name }) => name === own.name);
    const kept = [after?.thumbprint, after?.previous?.thumbprint].includes(own.thumbprint);
    return after?.enrolled && own.enrolled && !kept ? [own] : [];
  });
}

/** The same for a Partner that is going: nothing that was issued to it may outlive it. */
export function revokedAtLeaving({ status }: PartnerObject, now: Date): Revoked[] {
  return ledger(status?.revoked ?? [], serialsOf(status?.certificates ?? []), "cessationOfOperation", now);
}

function ledger(
  before: readonly Revoked[],
  named: readonly Omit<Revoked, "at" | "reason">[],
  reason: Revoked["reason"],
  now: Date,
): Revoked[] {
  const known = new Set(before.map(({ thumbprint }) => thumbprint));
  const added = named.flatMap((each) =>
    known.has(each.thumbprint) ? [] : [{ ...each, at: now.toISOString(), reason }],
  );
  return [...before, ...added]
    .filter(({ notAfter }) => Date.parse(notAfter) + KEPT_MS > now.getTime())
    .toSorted((a, b) => (rank(a) < rank(b) ? 1 : -1))
    .slice(0, MOST);
}

/** Signed in the same second, two end together: without the thumbprint their order would change at every look. */
function rank({ notAfter, thumbprint }: Revoked): string {
  return `${notAfter} ${thumbprint}`;
}

function serialsOf(certificates: readonly CertificateStatus[]): readonly Omit<Revoked, "at" | "reason">[] {
  return certificates.flatMap(({ previous, ...own }) =>
    [own, previous].flatMap((each) => {
      const { thumbprint, serial, notAfter } = each ?? {};
      return thumbprint === undefined || serial === undefined || notAfter === undefined
        ? []
        : [{ thumbprint, serial, notAfter }];
    }),
  );
}
