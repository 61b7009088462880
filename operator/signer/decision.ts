import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { type CsrCondition, stageOf } from "../csr/condition.ts";
import { judgePartnerRequest, type PartnerCertificates, partnerRequestOf } from "../csr/partner-request.ts";
import { judgeServiceRequest, requestingService } from "../csr/service-request.ts";
import { type LeafProfile, partnerProfile, serviceProfile } from "./profile.ts";

/** What a signer does about one request now. */
export type SignerDecision =
  | { readonly do: "nothing" }
  /** Written through the approval subresource (Approved, Denied) or the status subresource (Failed). */
  | { readonly do: "state"; readonly condition: CsrCondition }
  | { readonly do: "sign"; readonly profile: LeafProfile; readonly publicKey: Uint8Array };

const nothing: SignerDecision = { do: "nothing" };

/**
 * The partner signer: signs what somebody else has approved, after judging it once more.
 *
 * What does not pass is `Failed` for good: an approval cannot mend a request.
 */
export function decidePartner(csr: CertificateSigningRequest, settings: PartnerCertificates): SignerDecision {
  if (stageOf(csr) !== "approved") return nothing;
  const verdict = judgePartnerRequest(csr, settings);
  const request = partnerRequestOf(csr);
  if (!verdict.ok || !request) {
    const message = verdict.ok ? "The request names no partner." : verdict.finding.message;
    return { do: "state", condition: { type: "Failed", reason: "PolicyRefused", message } };
  }
  const profile = partnerProfile(request.clientId, settings.zone);
  return { do: "sign", profile, publicKey: verdict.request.publicKey };
}

/**
 * The service signer: approves a stack's own ServiceAccounts, denies everybody else, and signs what is approved.
 *
 * Approval and signature are two visits; the second judges again, whoever approved.
 */
export function decideService(csr: CertificateSigningRequest, stackNamespace: boolean): SignerDecision {
  const stage = stageOf(csr);
  if (stage === "issued" || stage === "ended") return nothing;
  const verdict = judgeServiceRequest(csr, stackNamespace);
  if (!verdict.ok) {
    const type = stage === "pending" ? "Denied" : "Failed";
    const { message } = verdict.finding;
    return { do: "state", condition: { type, reason: "PolicyRefused", message } };
  }
  const service = requestingService(csr);
  if (!service) return nothing;
  if (stage === "pending") {
    const message = `ServiceAccount ${service.serviceAccount} of ${service.namespace} asks for its own name.`;
    return { do: "state", condition: { type: "Approved", reason: "OwnServiceAccount", message } };
  }
  return { do: "sign", profile: serviceProfile(service), publicKey: verdict.request.publicKey };
}
