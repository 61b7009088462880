const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const octets = length < 0x80 ? [] : [...bytesOf(length)];
  const head = octets.length === 0 ? [tag, length] : [tag, 0x80 | octets.length, ...octets];
  return Buffer.concat([Buffer.from(head), content]);
};

/** A number's octets, the most significant first. */
function bytesOf(number: number): readonly number[] {
  return number < 256 ? [number] : [...bytesOf(Math.floor(number / 256)), number % 256];
}

const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT_0 = 0xa0;
const SIGNED_DATA = Buffer.from("06092a864886f70d010702", "hex");
const DATA = Buffer.from("06092a864886f70d010701", "hex");
const VERSION_1 = Buffer.from("020101", "hex");

/**
 * Certificates as a certs-only message: CMS SignedData without content or signers (RFC 5652 section 5, RFC 5272
 * section 4.1), which is what EST answers with.
 *
 * @param certificates DER.
 */
export function certsOnly(certificates: readonly Uint8Array[]): Buffer {
  const content = tlv(SEQUENCE, DATA);
  const signed = tlv(SEQUENCE, VERSION_1, tlv(SET), content, tlv(CONTEXT_0, ...certificates), tlv(SET));
  return tlv(SEQUENCE, SIGNED_DATA, tlv(CONTEXT_0, signed));
}

/** The certificates in a PEM text, as DER, each once. */
export function certificatesIn(...texts: readonly string[]): readonly Buffer[] {
  const blocks = texts.join("\n").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const bodies = blocks.map((block) => block.replaceAll(/-----[A-Z ]+-----|\s/g, ""));
  return [...new Set(bodies)].map((body) => Buffer.from(body, "base64"));
}

/** Base64 in lines of 64, which every reader takes. */
export function base64Lines(bytes: Uint8Array): string {
  return `${Buffer.from(bytes)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n")}\n`;
}
