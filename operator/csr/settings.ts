import type { PartnerCertificates } from "./partner-request.ts";

/** Zone of partners' names unless PARTNER_ZONE says another. */
const DEFAULT_ZONE = "partners.openbanking.test";

/** The operator's ServiceAccount unless OPERATOR_USER says another. */
const DEFAULT_REQUESTER = "system:serviceaccount:wekeza-system:wekeza-operator";

/** What approver and partner signer are told through their environment: PARTNER_ZONE and OPERATOR_USER. */
export function partnerCertificatesFrom(env: NodeJS.ProcessEnv): PartnerCertificates {
  return {
    zone: env["PARTNER_ZONE"] ?? DEFAULT_ZONE,
    requester: env["OPERATOR_USER"] ?? DEFAULT_REQUESTER,
  };
}
