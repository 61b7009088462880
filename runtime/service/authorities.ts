import { X509Certificate } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Refuses a bundle of authorities that cannot be used.
 *
 * TLS takes an empty one, and bytes that are no certificate, without a word, and every handshake fails from then on.
 *
 * @throws Error when there is no certificate in it, or one that breaks off or cannot be read.
 */
export function checkAuthorities(pem: string): void {
  const found = pem.match(CERTIFICATE) ?? [];
  const begun = pem.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (begun === 0 || begun !== found.length) {
    throw new Error(`The bundle of authorities holds ${found.length} whole certificates of ${begun}.`);
  }
  for (const each of found) void new X509Certificate(each);
}
