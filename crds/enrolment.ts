import { SERVED_LABEL } from "./shard.ts";

/**
 * How a partner's wish for a new certificate reaches the hub: re-enrolment by EST (RFC 7030 section 4.2.2).
 *
 * A gateway writes one Lease per partner into its stack's namespace, as it says everything to the hub; the operator reads
 * it there, judges it anew, and answers in the partner's signed shard. Nothing is believed because it stands in a Lease.
 */

/** Value that {@link SERVED_LABEL} has on such a Lease. */
export const ENROLMENT_LABEL = "enrolment";

/** Annotations of such a Lease. */
export const ENROLMENT = {
  /** The certification request, PEM. */
  csr: "openbanking.wekeza.io/enrolment-csr",
  /** Thumbprint of the certificate it was asked over: SHA-256 of the DER, base64url. */
  over: "openbanking.wekeza.io/enrolment-over",
} as const;

/** Characters of PEM a request may have: RSA-4096 needs about 1,800. */
export const ENROLMENT_CSR_LIMIT = 4_096;

/** A gateway takes another request of the same partner only after so long, in ms. */
export const ENROLMENT_PACE_MS = 60_000;

/** A request that a partner made over its own certificate. */
export interface EnrolmentRequest {
  /** PEM. */
  readonly csr: string;
  readonly over: string;
}

/** Name of the Lease that carries a partner's request. */
export function enrolmentName(clientId: string): string {
  return `enrolment-${clientId}`;
}

/** Whose request a Lease of that name carries; undefined for any other Lease. */
export function enrolmentClient(name: string): string | undefined {
  return /^enrolment-(ptn-[0-9a-f]{16})$/.exec(name)?.[1];
}

/** What a Lease asks for; undefined for one that is no request, or one of a size that no gateway writes. */
export function enrolmentIn(
  lease: { readonly metadata: Readonly<Partial<Record<"labels" | "annotations", Annotations>>> } | undefined,
): EnrolmentRequest | undefined {
  const { labels, annotations } = lease?.metadata ?? {};
  const { [ENROLMENT.csr]: csr, [ENROLMENT.over]: over } = annotations ?? {};
  if (labels?.[SERVED_LABEL] !== ENROLMENT_LABEL || csr === undefined || over === undefined) return undefined;
  return csr.length <= ENROLMENT_CSR_LIMIT && /^[A-Za-z0-9_-]{43}$/.test(over) ? { csr, over } : undefined;
}

type Annotations = Readonly<Record<string, string>> | undefined;
