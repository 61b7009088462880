import { createPublicKey, sign, type KeyObject } from "node:crypto";

/** One DER element: tag, length, contents (X.690 section 8.1). */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** 2.5.4.3 */
const COMMON_NAME = oid("550403");
/** 1.2.840.113549.1.9.14 */
const EXTENSION_REQUEST = oid("2a864886f70d01090e");
/** 2.5.29.17 */
const SUBJECT_ALTERNATIVE_NAME = oid("551d11");
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = oid("2a8648ce3d040302");

/**
 * A certificate request (PKCS #10, RFC 2986) with a common name and DNS names, signed with SHA-256. PEM.
 *
 * Written by hand because it is forty lines, and the library for it costs every service 20 MB and a reflection polyfill.
 *
 * @param key an EC P-256 private key.
 */
export function certificateRequest(key: KeyObject, commonName: string, dnsNames: readonly string[]): string {
  const subject = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName, "utf8")))));
  const names = sequence(...dnsNames.map((name) => der(0x82, Buffer.from(name, "ascii"))));
  const extensions = sequence(sequence(SUBJECT_ALTERNATIVE_NAME, der(0x04, names)));
  const info = sequence(
    der(0x02, Buffer.from([0])),
    subject,
    createPublicKey(key).export({ format: "der", type: "spki" }),
    der(0xa0, sequence(EXTENSION_REQUEST, set(extensions))),
  );
  const signature = sign("sha256", info, key);
  const request = sequence(info, sequence(ECDSA_WITH_SHA256), der(0x03, Buffer.from([0]), signature));
  const lines = request.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}
