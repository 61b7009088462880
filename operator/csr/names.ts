import { createHash } from "node:crypto";
import { type AllowedRequest, EXTENDED_KEY_USAGE } from "./finding.ts";

/** signerName of partners' transport certificates. */
export const PARTNER_SIGNER = "openbanking.wekeza.io/partner-mtls";

/** signerName of the services' own certificates. */
export const SERVICE_SIGNER = "openbanking.wekeza.io/service";

/** Annotations of a partner's CertificateSigningRequest: whose it is. */
export const CSR_ANNOTATION = {
  /** `namespace/name` of the Partner. */
  partner: "openbanking.wekeza.io/partner",
  clientId: "openbanking.wekeza.io/client-id",
} as const;

/** Label of namespaces whose partners' requests need no person; its value is then `automatic`. */
export const APPROVAL_LABEL = "openbanking.wekeza.io/csr-approval";

/** Label of every stack's namespace; its value is the FailoverGroup. */
export const STACK_LABEL = "openbanking.wekeza.io/stack";

/** Longest life of a partner's certificate, in seconds: 90 days. */
export const PARTNER_SECONDS = 7_776_000;

/** Longest life of a service's certificate, in seconds: a day. */
export const SERVICE_SECONDS = 86_400;

/**
 * OAuth client id of the Partner of that name.
 *
 * Made from the name alone, so that a hub rebuilt from Git finds every consent again.
 */
export function clientIdOf(namespace: string, name: string): string {
  return `ptn-${sha256Hex(`${namespace}/${name}`).slice(0, 16)}`;
}

/** Name of the CertificateSigningRequest for one of a partner's CSRs; another CSR has another name. */
export function csrName(clientId: string, certificate: string, csr: string): string {
  return `${clientId}-${certificate}-${sha256Hex(csr).slice(0, 10)}`;
}

/** SHA-256 of a text's UTF-8 bytes, in hex. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Host name of a partner within the signer's zone. */
export function partnerHost(clientId: string, zone: string): string {
  return `${clientId}.${zone}`;
}

/** What a partner's CSR may ask for: nothing but its own identity. Its subject is replaced. */
export function allowedForPartner(clientId: string, zone: string): AllowedRequest {
  const host = partnerHost(clientId, zone);
  return {
    dnsNames: [host],
    uris: [`https://${host}`],
    extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth],
    rsa: true,
  };
}

/** What a renewal may ask for: the names of the certificate it renews (RFC 7030 section 4.2.2). */
export function allowedByCertificate({
  dnsNames,
  uris,
}: Pick<AllowedRequest, "dnsNames" | "uris">): AllowedRequest {
  return { dnsNames, uris, extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth], rsa: true };
}

/** The workload a service certificate is for. */
export interface ServiceIdentity {
  readonly serviceAccount: string;
  readonly namespace: string;
}

/** What a service's CSR may ask for: the names of the Service that carries its ServiceAccount's name. */
export function allowedForService({ serviceAccount, namespace }: ServiceIdentity): AllowedRequest {
  return {
    commonName: `${serviceAccount}.${namespace}`,
    dnsNames: serviceDnsNames({ serviceAccount, namespace }),
    uris: [],
    extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth, EXTENDED_KEY_USAGE.serverAuth],
    rsa: false,
  };
}

/** Names under which other pods of the cluster reach the service, shortest first. */
export function serviceDnsNames({ serviceAccount, namespace }: ServiceIdentity): string[] {
  const qualified = `${serviceAccount}.${namespace}`;
  return [serviceAccount, qualified, `${qualified}.svc`, `${qualified}.svc.cluster.local`];
}
