import { isAlreadyExists, KubeError } from "../../kube/error.ts";
import type { Client } from "../../kube/client.ts";
import { type OwnershipMarks, ownerLabels } from "../../kube/ownership.ts";
import { TerminalError } from "../../kube/plan.ts";
import { type CertificateSigningRequest, certificateSigningRequests } from "../../kube/resources.ts";
import { CSR_ANNOTATION, PARTNER_SECONDS, PARTNER_SIGNER } from "../csr/names.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import type { RequestCertificate, WithdrawRequest } from "./plan.ts";

/** The CertificateSigningRequest for one of a partner's CSRs. */
export function signingRequest(
  action: RequestCertificate,
  partner: PartnerObject,
  marks: OwnershipMarks,
): CertificateSigningRequest {
  const { namespace = "", name } = partner.metadata;
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: {
      name: action.request,
      labels: ownerLabels(partner, marks),
      annotations: {
        [CSR_ANNOTATION.partner]: `${namespace}/${name}`,
        [CSR_ANNOTATION.clientId]: action.clientId,
      },
    },
    spec: {
      request: Buffer.from(action.csr).toString("base64"),
      signerName: PARTNER_SIGNER,
      expirationSeconds: PARTNER_SECONDS,
      usages: ["digital signature", "client auth"],
    },
  };
}

/**
 * Creates the request; safe to repeat.
 *
 * @returns the request, or undefined when it was there already.
 * @throws TerminalError when the API server finds the CSR itself at fault: repeating cannot help.
 */
export async function requestCertificate(
  client: Client,
  action: RequestCertificate,
  partner: PartnerObject,
  marks: OwnershipMarks,
): Promise<CertificateSigningRequest | undefined> {
  try {
    return await client.create(certificateSigningRequests, signingRequest(action, partner, marks));
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    if (!(error instanceof KubeError) || (error.status !== 422 && error.status !== 400)) throw error;
    const message = `Certificate ${action.certificate}: the API server refuses the CSR (${faultOf(error)}). Put a new CSR into spec.certificates.`;
    throw new TerminalError("CsrInvalid", message, { cause: error });
  }
}

/** Deletes the request that was seen; safe to repeat. */
export async function withdrawRequest(client: Client, { request, uid }: WithdrawRequest): Promise<void> {
  await client.delete(certificateSigningRequests, { name: request }, { uid });
}

/** The server's words without the bytes it repeats. */
function faultOf(error: KubeError): string {
  const [cause] = error.details?.causes ?? [];
  const text = cause?.message ?? error.message;
  return text.replace(/^Invalid value: .*[}"]: /s, "").slice(0, 300);
}
