import { hash, type X509Certificate } from "node:crypto";

/** SHA-256 of a certificate's DER, base64url: `x5t#S256` of RFC 8705. */
export function thumbprintOf(certificate: X509Certificate): string {
  return hash("sha256", certificate.raw, "base64url");
}
