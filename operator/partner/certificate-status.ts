import type { PartnerStatus } from "../../crds/partner-status.ts";

/** A certificate as status tells of it. */
export type CertificateStatus = NonNullable<PartnerStatus["certificates"]>[number];

/**
 * The hash of the CSR that a certificate stands for in the spec, which is what was approved: that of the certificate which
 * the partner renewed by itself, else its own. Undefined before the first CSR was taken up.
 */
export function approvedHashOf({
  csrHash,
  enrolled,
}: Pick<CertificateStatus, "csrHash" | "enrolled">): string | undefined {
  return enrolled?.instead ?? csrHash;
}
