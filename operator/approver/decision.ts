import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { type CsrCondition, requestText, stageOf } from "../csr/condition.ts";
import {
  judgePartnerRequest,
  type PartnerCertificates,
  type PartnerRequest,
} from "../csr/partner-request.ts";
import type { PartnerObject } from "../../crds/resources.ts";

/** What the approver knows beside the request, read afresh for each. */
export interface ApproverWorld {
  /** Whose request it is; undefined when its annotations and name do not say. */
  readonly request: PartnerRequest | undefined;
  /** That Partner, when it exists. */
  readonly partner: PartnerObject | undefined;
  /** Whether the partner's namespace is labelled for approval without a person. */
  readonly automatic: boolean;
}

/**
 * Approval or denial of a partner's request; undefined leaves it to a person, or to a later look.
 *
 * Denied is whatever could not be signed anyway, in every namespace. Approved is only what passes the whole policy, in
 * a namespace that is labelled for it, for a Partner that still asks for this very CSR.
 */
export function decideApproval(
  csr: CertificateSigningRequest,
  { request, partner, automatic }: ApproverWorld,
  settings: PartnerCertificates,
): CsrCondition | undefined {
  if (stageOf(csr) !== "pending") return undefined;
  const verdict = judgePartnerRequest(csr, settings);
  if (!verdict.ok) {
    const { check, message } = verdict.finding;
    return { type: "Denied", reason: "PolicyRefused", message: `${check}: ${message}` };
  }
  if (!request || !automatic || !stillAsked(csr, request, partner)) return undefined;
  const message = `The CSR of Partner ${request.namespace}/${request.partner} passes every check.`;
  return { type: "Approved", reason: "PolicyPassed", message };
}

/**
 * Whether the Partner's spec holds this CSR under the name the request carries, or its status says that the partner
 * asked for it itself over a certificate of that name, which the spec allows.
 */
function stillAsked(
  csr: CertificateSigningRequest,
  request: PartnerRequest,
  partner: PartnerObject | undefined,
): boolean {
  if (!partner || partner.metadata.deletionTimestamp !== undefined) return false;
  const text = requestText(csr);
  const { spec, status } = partner;
  const named = spec.certificates.find((each) => each.name === request.certificate);
  const { state, certificate, csr: own } = status?.enrolment ?? {};
  const enrols = state === "Pending" && certificate === request.certificate && own === text;
  return named !== undefined && (named.csr === text || (enrols && spec.reenrolment !== "Refused"));
}
