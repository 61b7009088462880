import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { PARTNER_SECONDS } from "../csr/names.ts";
import { certificatesFromPem, requestFromPem } from "../csr/pem.ts";
import { readCertificateRequest } from "../csr/request.ts";

/** What status tells of a certificate that was issued. */
export interface IssuedCertificate {
  /** Hex. */
  readonly serial: string;
  /** SHA-256 of the DER, base64url. */
  readonly thumbprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** A certificate may be backdated and be dated by another clock by this much more than its longest life, in ms. */
const TOLERANCE_MS = 3_600_000;

/** What was issued for a CSR, or why it is not taken: a signer that errs must not be served. */
export function issuedCertificate(pem: string, csr: string): IssuedCertificate | string {
  const leaf = leafOf(pem);
  if (!leaf || !keyOf(csr)?.equals(leaf.publicKey)) {
    return "what the signer returned is no certificate for this CSR.";
  }
  const life = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
  if (life > PARTNER_SECONDS * 1000 + TOLERANCE_MS) {
    const days = Math.ceil(life / 86_400_000);
    return `it is valid for ${days} days, and ${PARTNER_SECONDS / 86_400} are the most.`;
  }
  return {
    serial: leaf.serialNumber.toLowerCase(),
    thumbprint: Buffer.from(leaf.fingerprint256.replaceAll(":", ""), "hex").toString("base64url"),
    notBefore: leaf.validFromDate.toISOString(),
    notAfter: leaf.validToDate.toISOString(),
  };
}

/** Whether a CSR is for the key of a certificate that is there already. */
export function keptKey(csr: string, pem: string | undefined): boolean {
  const leaf = pem === undefined ? undefined : leafOf(pem);
  return leaf !== undefined && (keyOf(csr)?.equals(leaf.publicKey) ?? false);
}

/** Whether a CSR is for a key that is in one of these certificates or other CSRs. All are PEM. */
export function isKnownKey(
  csr: string,
  certificates: readonly (string | undefined)[],
  requests: readonly string[],
): boolean {
  const key = keyOf(csr);
  return (
    certificates.some((pem) => keptKey(csr, pem)) ||
    (key !== undefined && requests.some((other) => keyOf(other)?.equals(key) ?? false))
  );
}

/** The alternative names of a certificate in PEM; none of what cannot be read. */
export function sanOf(pem: string | undefined): { readonly dnsNames: string[]; readonly uris: string[] } {
  const text = (pem === undefined ? undefined : leafOf(pem))?.subjectAltName ?? "";
  const names = text.split(", ");
  const of = (kind: string): string[] =>
    names.flatMap((name) => (name.startsWith(kind) ? [name.slice(kind.length)] : []));
  return { dnsNames: of("DNS:"), uris: of("URI:") };
}

function leafOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(certificatesFromPem(pem)[0] ?? "");
  } catch {
    return undefined;
  }
}

function keyOf(csr: string): KeyObject | undefined {
  try {
    const { publicKey } = readCertificateRequest(requestFromPem(csr) ?? new Uint8Array());
    return createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
