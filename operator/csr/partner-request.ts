import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { requestText } from "./condition.ts";
import type { CsrFinding } from "./finding.ts";
import { allowedForPartner, clientIdOf, CSR_ANNOTATION, csrName, sha256Hex } from "./names.ts";
import { type CsrVerdict, judgeCsr } from "./policy.ts";

/** What the installation fixes about partners' certificates. */
export interface PartnerCertificates {
  /** DNS zone of partners' names, for example `partners.openbanking.test`. */
  readonly zone: string;
  /** User name of the operator's ServiceAccount: the only one that may ask for them. */
  readonly requester: string;
}

/** Which partner and which of its certificates a CertificateSigningRequest is for. */
export interface PartnerRequest {
  readonly namespace: string;
  readonly partner: string;
  readonly clientId: string;
  /** The certificate's name in the Partner's spec. */
  readonly certificate: string;
}

/** A CertificateSigningRequest that is not what it says, beside what its CSR asks for. */
export interface RequestFinding {
  readonly check: "requester" | "annotations" | "name" | "usages" | CsrFinding["check"];
  readonly message: string;
}

/** Usages (`spec.usages`) a partner's request may name. */
const USAGES = ["digital signature", "client auth"];

/**
 * Whose request it is, by its annotations, checked against its name.
 *
 * Annotations can be edited; the name cannot, and it holds the client id and the CSR's hash.
 */
export function partnerRequestOf(csr: CertificateSigningRequest): PartnerRequest | undefined {
  const annotations = csr.metadata.annotations ?? {};
  const [namespace = "", partner = "", more] = (annotations[CSR_ANNOTATION.partner] ?? "").split("/");
  const clientId = clientIdOf(namespace, partner);
  if (more !== undefined || annotations[CSR_ANNOTATION.clientId] !== clientId) return undefined;
  const { name } = csr.metadata;
  const hash = sha256Hex(requestText(csr)).slice(0, 10);
  const certificate = name.slice(clientId.length + 1, -hash.length - 1);
  if (certificate === "" || csrName(clientId, certificate, requestText(csr)) !== name) return undefined;
  return { namespace, partner, clientId, certificate };
}

/** Judges a partner's CertificateSigningRequest as a whole: who asks, for whom, what for, and with which CSR. */
export function judgePartnerRequest(
  csr: CertificateSigningRequest,
  { zone, requester }: PartnerCertificates,
): CsrVerdict | { readonly ok: false; readonly finding: RequestFinding } {
  const refuse = (check: RequestFinding["check"], message: string) =>
    ({ ok: false, finding: { check, message } }) as const;
  const { username = "", usages } = csr.spec;
  if (username !== requester) {
    return refuse("requester", `Requested by ${username}; only ${requester} may. Declare a Partner instead.`);
  }
  const request = partnerRequestOf(csr);
  if (!request) {
    return refuse("annotations", "Annotations, name and CSR do not belong together; delete this request.");
  }
  const usage = usages.find((each) => !USAGES.includes(each));
  if (usage !== undefined) {
    return refuse("usages", `The usage ${usage} is not given; only ${USAGES.join(" and ")}.`);
  }
  return judgeCsr(requestText(csr), allowedForPartner(request.clientId, zone));
}
