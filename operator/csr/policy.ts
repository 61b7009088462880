import { DerError } from "./der.ts";
import {
  basicConstraintsFinding,
  extendedKeyUsageFinding,
  extensionsFinding,
  keyUsageFinding,
} from "./extension-checks.ts";
import type { AllowedRequest, CsrFinding } from "./finding.ts";
import { publicKeyFinding, signatureAlgorithmFinding, signatureFinding } from "./key-checks.ts";
import { attributesFinding, subjectAltNameFinding, subjectFinding } from "./name-checks.ts";
import { MAX_CSR_CHARACTERS, requestFromPem } from "./pem.ts";
import { type CertificateRequest, readCertificateRequest } from "./request.ts";

/** A request that may be signed, or the one reason it may not. */
export type CsrVerdict =
  | { readonly ok: true; readonly request: CertificateRequest }
  | { readonly ok: false; readonly finding: CsrFinding };

type Check = (request: CertificateRequest, allowed: AllowedRequest) => CsrFinding | undefined;

/** In order: the first finding wins. The key's size is bounded before anything is computed with it. */
const checks: readonly Check[] = [
  publicKeyFinding,
  signatureAlgorithmFinding,
  signatureFinding,
  subjectFinding,
  attributesFinding,
  extensionsFinding,
  basicConstraintsFinding,
  keyUsageFinding,
  extendedKeyUsageFinding,
  subjectAltNameFinding,
];

/**
 * The certification request in a PEM text, or why there is none.
 *
 * Never throws, whatever the text; time and memory are bounded by its size, which is checked first.
 */
export function readCsr(text: string): CsrVerdict {
  if (text.length > MAX_CSR_CHARACTERS) {
    const message = `The CSR has ${text.length} characters; ${MAX_CSR_CHARACTERS} are allowed.`;
    return { ok: false, finding: { check: "size", message } };
  }
  const der = requestFromPem(text);
  if (der === undefined) {
    const message = "The CSR must be exactly one PEM block CERTIFICATE REQUEST, with nothing beside it.";
    return { ok: false, finding: { check: "pem", message } };
  }
  try {
    return { ok: true, request: readCertificateRequest(der) };
  } catch (error) {
    return malformed(error);
  }
}

/** Judges a certification request in PEM by everything the bank refuses (approver and signers ask the same). Never throws, as {@link readCsr}. */
export function judgeCsr(text: string, allowed: AllowedRequest): CsrVerdict {
  const read = readCsr(text);
  if (!read.ok) return read;
  try {
    for (const check of checks) {
      const finding = check(read.request, allowed);
      if (finding) return { ok: false, finding };
    }
    return read;
  } catch (error) {
    return malformed(error);
  }
}

function malformed(error: unknown): CsrVerdict {
  const cause = error instanceof DerError ? error.message : "a part of it cannot be read";
  const message = `The CSR is malformed (${cause}); make a new one with openssl req.`;
  return { ok: false, finding: { check: "der", message } };
}
