import { dotted, elementsOf, expectTag, soleElement, TAG } from "./der.ts";
import type { AllowedRequest, CsrFinding } from "./finding.ts";
import type { CertificateRequest } from "./request.ts";

/** Extensions a request may ask for (RFC 5280 section 4.2.1); all are replaced by ours. */
const KNOWN: Readonly<Record<string, string>> = {
  "2.5.29.14": "subjectKeyIdentifier",
  "2.5.29.15": "keyUsage",
  "2.5.29.17": "subjectAltName",
  "2.5.29.19": "basicConstraints",
  "2.5.29.37": "extKeyUsage",
};

/** Names of the bits of keyUsage, most significant first (RFC 5280 section 4.2.1.3). */
const KEY_USAGES = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** What the usual tools ask for without being told; harmless, because the certificate gets digitalSignature alone. */
const HARMLESS_KEY_USAGES = ["digitalSignature", "contentCommitment", "keyEncipherment"];

/** Only extensions we know, each once. */
export function extensionsFinding({ extensions }: CertificateRequest): CsrFinding | undefined {
  const seen = new Set<string>();
  for (const { oid } of extensions) {
    const name = KNOWN[oid];
    if (name === undefined) {
      return { check: "extensions", message: `The request asks for extension ${oid}; leave it out.` };
    }
    if (seen.has(oid))
      return { check: "extensions", message: `The request has extension ${name} twice; keep one.` };
    seen.add(oid);
  }
  return undefined;
}

/** No partner and no service is a certificate authority. */
export function basicConstraintsFinding(request: CertificateRequest): CsrFinding | undefined {
  const value = valueOf(request, "2.5.29.19");
  if (value === undefined) return undefined;
  const [ca, pathLength] = elementsOf(soleElement(value, TAG.sequence).content);
  if (ca === undefined) return undefined;
  const isAuthority = ca.tag !== TAG.boolean || ca.content[0] !== 0 || pathLength !== undefined;
  if (!isAuthority) return undefined;
  return {
    check: "basicConstraints",
    message:
      "The request asks for basicConstraints CA:TRUE; a leaf certificate signs no others: leave it out.",
  };
}

/** Key usages that let a key sign certificates, revocation lists or data keys are not ours to give. */
export function keyUsageFinding(request: CertificateRequest): CsrFinding | undefined {
  const value = valueOf(request, "2.5.29.15");
  if (value === undefined) return undefined;
  const [, ...octets] = soleElement(value, TAG.bitString).content;
  const asked = KEY_USAGES.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
  const refused = asked.find((usage) => !HARMLESS_KEY_USAGES.includes(usage));
  if (refused === undefined) return undefined;
  return {
    check: "keyUsage",
    message: `The request asks for keyUsage ${refused}; only digitalSignature is given: leave it out.`,
  };
}

/** Extended key usages beyond those of the signer's profile. */
export function extendedKeyUsageFinding(
  request: CertificateRequest,
  allowed: AllowedRequest,
): CsrFinding | undefined {
  const value = valueOf(request, "2.5.29.37");
  if (value === undefined) return undefined;
  const refused = elementsOf(soleElement(value, TAG.sequence).content)
    .map((usage) => dotted(expectTag(usage, TAG.objectIdentifier)))
    .find((usage) => !allowed.extendedKeyUsages.includes(usage));
  if (refused === undefined) return undefined;
  return { check: "extendedKeyUsage", message: `The request asks for extKeyUsage ${refused}; leave it out.` };
}

/** DER of an extension's value, when it is asked for. */
export function valueOf({ extensions }: CertificateRequest, oid: string): Uint8Array | undefined {
  return extensions.find((extension) => extension.oid === oid)?.value;
}
