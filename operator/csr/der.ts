/** One element of DER (X.690): what it is, and where its bytes lie. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and number below 31. */
  readonly tag: number;
  /** The whole element, header included. */
  readonly bytes: Uint8Array;
  /** What the header promises. */
  readonly content: Uint8Array;
}

/** Bytes that are not DER, or not the DER that was expected. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** Identifier octets used in a certification request (X.680 section 8, X.690 section 8.1.2). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

/** Elements a single value may have; the largest honest request has fewer than a hundred. */
const MAX_ELEMENTS = 2_000;

/**
 * The elements that lie one behind another in `bytes`, to its very end.
 *
 * @throws DerError for lengths that are indefinite, not minimal or beyond the end, and for more than 2,000 elements.
 */
export function elementsOf(bytes: Uint8Array): DerElement[] {
  const found: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    if (found.length === MAX_ELEMENTS) throw new DerError(`more than ${MAX_ELEMENTS} elements`);
    const element = elementAt(bytes, at);
    found.push(element);
    at += element.bytes.length;
  }
  return found;
}

/** The one element that fills `bytes`. @throws DerError when there is none, another tag, or something behind it. */
export function soleElement(bytes: Uint8Array, tag: number): DerElement {
  const [element, behind] = elementsOf(bytes);
  if (behind !== undefined) throw new DerError("bytes behind the end");
  return expectTag(element, tag);
}

/** The element, once it is known to be there and of the expected kind. @throws DerError otherwise. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined) throw new DerError(`element ${hex(tag)} is missing`);
  if (element.tag !== tag) throw new DerError(`element ${hex(element.tag)} where ${hex(tag)} is due`);
  return element;
}

/** An object identifier's dotted form. @throws DerError when its content is no object identifier. */
export function dotted(identifier: DerElement): string {
  const { content } = expectTag(identifier, TAG.objectIdentifier);
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, octet] of content.entries()) {
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new DerError("object identifier with an arc above 2^53");
    const last = (octet & 0x80) === 0;
    if (!last && index === content.length - 1) throw new DerError("object identifier that breaks off");
    if (!last) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    arc = 0;
  }
  if (arcs.length === 0) throw new DerError("empty object identifier");
  return arcs.join(".");
}

function elementAt(bytes: Uint8Array, at: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError("header breaks off");
  if ((tag & 0x1f) === 0x1f) throw new DerError("tag number above 30");
  if (first < 0x80) return cut(bytes, at, tag, 2, first);
  const size = first & 0x7f;
  if (size === 0) throw new DerError("indefinite length, which is BER and not DER");
  if (size > 4) throw new DerError("length of more than four octets");
  let length = 0;
  for (let index = 0; index < size; index += 1) length = length * 256 + (bytes[at + 2 + index] ?? Number.NaN);
  if (Number.isNaN(length)) throw new DerError("header breaks off");
  if (length < 0x80 || length < 256 ** (size - 1)) throw new DerError("length that is not minimal");
  return cut(bytes, at, tag, 2 + size, length);
}

function cut(bytes: Uint8Array, at: number, tag: number, header: number, length: number): DerElement {
  const end = at + header + length;
  if (end > bytes.length) throw new DerError("content breaks off");
  return { tag, bytes: bytes.subarray(at, end), content: bytes.subarray(at + header, end) };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
