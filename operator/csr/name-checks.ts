import { type DerElement, elementsOf, soleElement, TAG } from "./der.ts";
import { valueOf } from "./extension-checks.ts";
import type { AllowedRequest, CsrFinding } from "./finding.ts";
import { type CertificateRequest, EXTENSION_REQUEST } from "./request.ts";

/** Octets of DER a subject may have. */
const MAX_SUBJECT_OCTETS = 1_024;

/** Names a request may carry. */
const MAX_NAMES = 8;

const CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
const SUBJECT_ALT_NAME = "2.5.29.17";
const DNS_NAME = 0x82;
const URI = 0x86;

/** Kinds of name that are never given (RFC 5280 section 4.2.1.6), by identifier octet. */
const REFUSED_NAMES: Readonly<Record<number, string>> = {
  0xa0: "otherName",
  0x81: "email",
  0xa3: "x400Address",
  0xa4: "directoryName",
  0xa5: "ediPartyName",
  0x87: "IP",
  0x88: "registeredID",
};

/** A subject of sensible size, and of the right name where the name matters. */
export function subjectFinding(request: CertificateRequest, allowed: AllowedRequest): CsrFinding | undefined {
  if (request.subject.length > MAX_SUBJECT_OCTETS) {
    return {
      check: "subject",
      message: `The subject has ${request.subject.length} octets; ${MAX_SUBJECT_OCTETS} are allowed: a short CN is enough.`,
    };
  }
  if (allowed.commonName === undefined) return undefined;
  const [name, more] = request.commonNames;
  if (name === allowed.commonName && more === undefined) return undefined;
  return {
    check: "subject",
    message: `The subject's CN is ${shown(request.commonNames.join(", "))}; it must be ${allowed.commonName}.`,
  };
}

/** Only the attribute that carries extensions, once. */
export function attributesFinding({ attributes }: CertificateRequest): CsrFinding | undefined {
  const foreign = attributes.find((oid) => oid !== EXTENSION_REQUEST);
  if (foreign !== undefined) {
    const name = foreign === CHALLENGE_PASSWORD ? "challengePassword" : foreign;
    return { check: "attributes", message: `The request carries attribute ${name}; leave it out.` };
  }
  if (attributes.length <= 1) return undefined;
  return { check: "attributes", message: "The request carries attribute extensionRequest twice; keep one." };
}

/** Alternative names: few, of kinds we give, and none but the requester's own. */
export function subjectAltNameFinding(
  request: CertificateRequest,
  allowed: AllowedRequest,
): CsrFinding | undefined {
  const value = valueOf(request, SUBJECT_ALT_NAME);
  if (value === undefined) return undefined;
  const names = elementsOf(soleElement(value, TAG.sequence).content);
  const refuse = (message: string): CsrFinding => ({ check: "subjectAltName", message });
  if (names.length > MAX_NAMES) {
    return refuse(`The request asks for ${names.length} subjectAltName entries; leave them out.`);
  }
  for (const name of names) {
    const asked = `The request asks for subjectAltName ${described(name)}`;
    const text = Buffer.from(name.content).toString("latin1");
    switch (name.tag) {
      case DNS_NAME:
        if (text.includes("*")) return refuse(`${asked}, a wildcard; leave it out.`);
        if (!allowed.dnsNames.includes(text)) return refuse(`${asked}, which is not its own; leave it out.`);
        break;
      case URI:
        if (!allowed.uris.includes(text)) return refuse(`${asked}, which is not its own; leave it out.`);
        break;
      default:
        return refuse(`${asked}, a kind that is not given; leave it out.`);
    }
  }
  return undefined;
}

function described({ tag, content }: DerElement): string {
  if (tag === DNS_NAME || tag === URI) {
    return `${tag === URI ? "URI" : "DNS"}:${shown(Buffer.from(content).toString("latin1"))}`;
  }
  return REFUSED_NAMES[tag] ?? "of unknown kind";
}

/** Text of a stranger, cut and made printable, so that it cannot forge a line of a log or a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, "?"));
}
