import { type DerElement, dotted, elementsOf, expectTag, soleElement, DerError, TAG } from "./der.ts";

/** A certification request (PKCS #10, RFC 2986) as it was sent: nothing in it is believed yet. */
export interface CertificateRequest {
  /** DER of the subject. */
  readonly subject: Uint8Array;
  readonly commonNames: readonly string[];
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** Object identifiers of all attributes, in order, repetitions included. */
  readonly attributes: readonly string[];
  /** Extensions asked for. */
  readonly extensions: readonly RequestedExtension[];
  /** The signed part. */
  readonly signed: Uint8Array;
  /** Object identifier of the signature's algorithm. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
}

/** An extension a request asks for. */
export interface RequestedExtension {
  readonly oid: string;
  /** DER of its value. */
  readonly value: Uint8Array;
}

/** Object identifier of the attribute that carries extensions (RFC 2985 section 5.4.2). */
export const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

const COMMON_NAME = "2.5.4.3";

/**
 * Reads a certification request strictly: DER only, nothing behind the end, every part in its place.
 *
 * The signature is not verified here.
 *
 * @throws DerError that says what is wrong.
 */
export function readCertificateRequest(der: Uint8Array): CertificateRequest {
  const [info, algorithm, signature, more] = elementsOf(soleElement(der, TAG.sequence).content);
  if (more !== undefined) throw new DerError("a fourth part behind the signature");
  const signed = expectTag(info, TAG.sequence);
  const [version, subject, publicKey, attributes, extra] = elementsOf(signed.content);
  if (extra !== undefined) throw new DerError("a fifth part behind the attributes");
  const number = expectTag(version, TAG.integer).content;
  if (number.length !== 1 || number[0] !== 0) throw new DerError("version other than 0");
  const name = expectTag(subject, TAG.sequence);
  const found = attributes === undefined ? [] : attributesOf(expectTag(attributes, TAG.context0));
  return {
    subject: name.bytes,
    commonNames: commonNamesOf(name),
    publicKey: expectTag(publicKey, TAG.sequence).bytes,
    attributes: found.map(({ oid }) => oid),
    extensions: found.flatMap(({ oid, values }) => (oid === EXTENSION_REQUEST ? extensionsOf(values) : [])),
    signed: signed.bytes,
    signatureAlgorithm: dotted(first(expectTag(algorithm, TAG.sequence))),
    signature: bitsOf(expectTag(signature, TAG.bitString)),
  };
}

/** The octets of a BIT STRING that is made of whole octets. @throws DerError otherwise. */
export function bitsOf(bits: DerElement): Uint8Array {
  if (bits.content[0] !== 0) throw new DerError("bit string that is not made of whole octets");
  return bits.content.subarray(1);
}

interface Attribute {
  readonly oid: string;
  readonly values: readonly DerElement[];
}

function attributesOf(set: DerElement): Attribute[] {
  return elementsOf(set.content).map((attribute) => {
    const [oid, values, more] = elementsOf(expectTag(attribute, TAG.sequence).content);
    if (oid === undefined || more !== undefined) throw new DerError("attribute that is not two parts");
    return { oid: dotted(oid), values: elementsOf(expectTag(values, TAG.set).content) };
  });
}

function extensionsOf(values: readonly DerElement[]): RequestedExtension[] {
  const [list, more] = values;
  if (more !== undefined) throw new DerError("extensionRequest with two values");
  return elementsOf(expectTag(list, TAG.sequence).content).map((extension) => {
    const parts = elementsOf(expectTag(extension, TAG.sequence).content);
    const [oid, ...rest] = parts;
    const value = rest.at(-1);
    if (oid === undefined || rest.length > 2) throw new DerError("extension that is not two or three parts");
    if (rest.length === 2) expectTag(rest[0], TAG.boolean);
    return { oid: dotted(oid), value: expectTag(value, TAG.octetString).content };
  });
}

function commonNamesOf(name: DerElement): string[] {
  return elementsOf(name.content).flatMap((set) =>
    elementsOf(expectTag(set, TAG.set).content).flatMap((attribute) => {
      const [oid, value, more] = elementsOf(expectTag(attribute, TAG.sequence).content);
      if (oid === undefined || value === undefined || more !== undefined) {
        throw new DerError("subject attribute that is not two parts");
      }
      return dotted(oid) === COMMON_NAME ? [textOf(value)] : [];
    }),
  );
}

/** UTF-8 text of the string kinds a common name is written in today; others read as empty, which equals no name. */
function textOf(value: DerElement): string {
  const plain = [TAG.utf8String, TAG.printableString, TAG.ia5String].some((tag) => tag === value.tag);
  return plain ? new TextDecoder().decode(value.content) : "";
}

function first(sequence: DerElement): DerElement {
  const [element] = elementsOf(sequence.content);
  if (element === undefined) throw new DerError("empty sequence");
  return element;
}
