import { X509Certificate } from "node:crypto";
import type { PartnerObject } from "../../crds/resources.ts";
import { certificatesFromPem } from "../csr/pem.ts";

/** An authority that is trusted for as long as somebody's certificate needs it. */
export interface RetiringAuthority {
  /** Its subject, on one line. */
  readonly subject: string;
  /** `namespace/name` of the Partners that still have a certificate of it. */
  readonly partners: readonly string[];
}

/** The authorities a stack trusts to have signed partners' certificates. */
export interface TrustBundle {
  /** PEM, the wanted ones first. */
  readonly text: string;
  readonly retiring: readonly RetiringAuthority[];
}

/** A Partner's accepted certificate, with the chain that came with it, PEM. */
interface Leaf {
  readonly partner: string;
  readonly chain: string;
}

/**
 * The trust a stack should have: what the hub says, and what it said before and is still needed.
 *
 * The order of a change of authority is the safety argument: the new one is added; leaves are issued by it; every
 * gateway was seen to serve them and the old leaves have retired; only then the old one goes. So whoever takes an
 * authority out of the hub too early breaks no handshake.
 *
 * @param wanted the hub's bundle. @param present the stack's, as it lies.
 */
export function trustBundle(
  wanted: string,
  present: string | undefined,
  partners: readonly PartnerObject[],
  now: Date,
): TrustBundle {
  const kept = certificates(wanted);
  const known = new Set(kept.map(({ fingerprint256 }) => fingerprint256));
  const former = certificates(present ?? "").filter(({ fingerprint256 }) => !known.has(fingerprint256));
  if (former.length === 0) return { text: wanted, retiring: [] };
  const leaves = partners.flatMap((partner) => acceptedLeaves(partner, now)).map(withChain);
  // Whose certificates are not known, as on a hub that is being rebuilt, may have one of any.
  const unknown = partners.filter(({ status }) => status?.certificates === undefined).map(nameOf);
  const dependents = new Map(
    former.map((authority) => [
      authority,
      [
        ...unknown,
        ...leaves.flatMap(({ partner, chain }) => (needs(chain, authority, kept) ? [partner] : [])),
      ],
    ]),
  );
  const needed = former.filter((authority) => (dependents.get(authority)?.length ?? 0) > 0);
  if (needed.length === 0) return { text: wanted, retiring: [] };
  return {
    text: [wanted.trimEnd(), ...needed.map((authority) => authority.toString().trimEnd()), ""].join("\n"),
    retiring: needed.map((authority) => ({
      subject: authority.subject.replaceAll("\n", ", "),
      partners: [...new Set(dependents.get(authority))].toSorted(),
    })),
  };
}

/** Certificates that gateways accept of a Partner: neither expired, nor retired, nor revoked. */
function acceptedLeaves({ metadata, spec, status }: PartnerObject, now: Date): readonly Leaf[] {
  const revoked = new Set([
    ...spec.revokedThumbprints,
    ...(status?.revoked?.map(({ thumbprint }) => thumbprint) ?? []),
  ]);
  const partner = nameOf({ metadata });
  return (status?.certificates ?? []).flatMap(({ previous, ...own }) =>
    [own, previous].flatMap((each) => {
      const { pem, thumbprint = "", notAfter = "" } = each ?? {};
      const live = pem !== undefined && !revoked.has(thumbprint) && Date.parse(notAfter) > now.getTime();
      return live ? [{ partner, chain: pem }] : [];
    }),
  );
}

function nameOf({ metadata }: Pick<PartnerObject, "metadata">): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function withChain({ partner, chain }: Leaf): {
  readonly partner: string;
  readonly chain: readonly X509Certificate[];
} {
  return { partner, chain: certificates(chain) };
}

/** Whether a chain hangs on an authority, and on none of those that stay. */
function needs(
  chain: readonly X509Certificate[],
  authority: X509Certificate,
  staying: readonly X509Certificate[],
): boolean {
  const hangsOn = (root: X509Certificate): boolean => chain.some((each) => signed(root, each));
  return hangsOn(authority) && !staying.some(hangsOn);
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function certificates(pem: string): X509Certificate[] {
  return certificatesFromPem(pem).map((each) => new X509Certificate(each));
}
