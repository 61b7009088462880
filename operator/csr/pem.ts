/** Characters of PEM read at most; the CRD allows as many. An RSA-4096 request has about 1,800. */
export const MAX_CSR_CHARACTERS = 16_384;

const BLOCK =
  /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)\n-----END CERTIFICATE REQUEST-----\s*$/;

/**
 * The bytes in a PEM text of exactly one `CERTIFICATE REQUEST` (RFC 7468), or undefined.
 *
 * Nothing may stand before it, behind it or beside it, and the base64 must be the canonical one.
 */
export function requestFromPem(text: string): Uint8Array | undefined {
  if (text.length > MAX_CSR_CHARACTERS) return undefined;
  const base64 = BLOCK.exec(text.trimStart())?.[1]?.replaceAll(/\s/g, "");
  if (base64 === undefined) return undefined;
  const der = Buffer.from(base64, "base64");
  return der.toString("base64") === base64 ? der : undefined;
}

/** Certificates in PEM, leaf first; anything else in the text is left out. */
export function certificatesFromPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
