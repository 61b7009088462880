import type { CertificateSigningRequest } from "../../kube/resources.ts";

/** What has been decided about a CertificateSigningRequest so far. */
export type CsrStage = "pending" | "approved" | "issued" | "ended";

/**
 * How far a request has come.
 *
 * `approved` waits for its signer; `ended` is denied or failed, which nothing undoes.
 */
export function stageOf({ status }: CertificateSigningRequest): CsrStage {
  const holds = (type: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  if (status?.certificate) return "issued";
  if (holds("Denied") || holds("Failed")) return "ended";
  return holds("Approved") ? "approved" : "pending";
}

/** A decision as it is written into a request's conditions. */
export interface CsrCondition {
  readonly type: "Approved" | "Denied" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** The request with one more condition. Conditions of other types are kept, as the API server demands. */
export function withCondition(
  csr: CertificateSigningRequest,
  condition: CsrCondition,
): CertificateSigningRequest {
  const others = csr.status?.conditions?.filter(({ type }) => type !== condition.type) ?? [];
  return { ...csr, status: { ...csr.status, conditions: [...others, { ...condition, status: "True" }] } };
}

/** The request with its certificate, PEM. */
export function withCertificate(csr: CertificateSigningRequest, pem: string): CertificateSigningRequest {
  return { ...csr, status: { ...csr.status, certificate: Buffer.from(pem).toString("base64") } };
}

/** PEM text of what is asked for. */
export function requestText({ spec }: CertificateSigningRequest): string {
  return Buffer.from(spec.request, "base64").toString("latin1");
}
