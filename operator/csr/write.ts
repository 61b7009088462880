import type { Client } from "../../kube/client.ts";
import { type CertificateSigningRequest, certificateSigningRequests } from "../../kube/resources.ts";
import { type CsrCondition, withCertificate, withCondition } from "./condition.ts";

/** Approves or denies, through the subresource that needs the verb `approve` on the signer. @throws KubeError */
export async function writeApproval(
  client: Client,
  csr: CertificateSigningRequest,
  condition: CsrCondition,
): Promise<CertificateSigningRequest> {
  return await client.replace(certificateSigningRequests, withCondition(csr, condition), {
    subresource: "approval",
  });
}

/** Ends a request that will never be signed. @throws KubeError */
export async function writeFailure(
  client: Client,
  csr: CertificateSigningRequest,
  condition: CsrCondition,
): Promise<CertificateSigningRequest> {
  return await client.replace(certificateSigningRequests, withCondition(csr, condition), {
    subresource: "status",
  });
}

/** Hands out a certificate; a request changed meanwhile is a conflict and gets none. @throws KubeError */
export async function writeCertificate(
  client: Client,
  csr: CertificateSigningRequest,
  pem: string,
): Promise<CertificateSigningRequest> {
  return await client.replace(certificateSigningRequests, withCertificate(csr, pem), {
    subresource: "status",
  });
}
