import type { CertificateSigningRequest } from "../../../kube/resources.ts";
import { clientIdOf, CSR_ANNOTATION, csrName, PARTNER_SIGNER, SERVICE_SIGNER } from "../names.ts";

/** Names every test uses. */
export const OPERATOR = "system:serviceaccount:wekeza-system:wekeza-operator";
export const ZONE = "partners.openbanking.test";
export const ACME = clientIdOf("partners", "acme");

/** The CertificateSigningRequest the operator makes for Partner `acme` of a namespace, certificate `primary`. */
export function partnerSigningRequest(pem: string, namespace = "partners"): CertificateSigningRequest {
  const clientId = clientIdOf(namespace, "acme");
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: {
      name: csrName(clientId, "primary", pem),
      annotations: { [CSR_ANNOTATION.partner]: `${namespace}/acme`, [CSR_ANNOTATION.clientId]: clientId },
    },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: PARTNER_SIGNER,
      usages: ["digital signature", "client auth"],
      username: OPERATOR,
    },
  };
}

/** The CertificateSigningRequest of a pod that runs as `oauth` in `stack-ke`. */
export function serviceSigningRequest(pem: string): CertificateSigningRequest {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "svc-abcde" },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: SERVICE_SIGNER,
      expirationSeconds: 86_400,
      usages: ["digital signature", "client auth", "server auth"],
      username: "system:serviceaccount:stack-ke:oauth",
    },
  };
}
