import "reflect-metadata";
import { AuthorityKeyIdentifierExtension, Extension, X509CrlGenerator, X509CrlReason } from "@peculiar/x509";
import type { PartnerObject } from "../../crds/resources.ts";
import type { Authority } from "./authority.ts";

/** One certificate on the list. */
export interface RevokedCertificate {
  /** Hex. */
  readonly serial: string;
  /** RFC 3339; the list names it until a day after. */
  readonly notAfter: string;
  /** RFC 3339. */
  readonly at: string;
  readonly reason: "keyCompromise" | "cessationOfOperation";
}

/** A list is good for so long, in ms, and is made again at half of it. */
export const CRL_LIFE_MS = 86_400_000;

/** For clocks: a certificate leaves the list a day after its end. */
const KEPT_MS = 86_400_000;

/**
 * Everything a list of now names, by serial: what the last one named, and what Partners say.
 *
 * What was named once stays until it would have expired, though its Partner be gone (RFC 5280 section 3.3).
 */
export function revocations(
  before: readonly RevokedCertificate[],
  partners: readonly PartnerObject[],
  now: Date,
): readonly RevokedCertificate[] {
  const said = partners.flatMap(({ status }) => status?.revoked ?? []);
  const all = new Map<string, RevokedCertificate>();
  for (const { serial, notAfter, at, reason } of [...said, ...before])
    all.set(serial, { serial, notAfter, at, reason });
  return [...all.values()]
    .filter(({ notAfter }) => Date.parse(notAfter) + KEPT_MS > now.getTime())
    .toSorted((a, b) => (a.serial < b.serial ? -1 : 1));
}

/** What a list is made from. */
export interface CrlParts {
  readonly entries: readonly RevokedCertificate[];
  /** Grows with every list (RFC 5280 section 5.2.3). */
  readonly number: number;
  readonly now: Date;
}

/**
 * A certificate revocation list (RFC 5280 section 5), DER.
 *
 * @throws Error when it does not verify against its issuer: then nothing is to be published.
 */
export async function signedCrl(authority: Authority, { entries, number, now }: CrlParts): Promise<Buffer> {
  const crl = await X509CrlGenerator.create(
    {
      issuer: authority.certificate.subjectName,
      thisUpdate: now,
      nextUpdate: new Date(now.getTime() + CRL_LIFE_MS),
      signingKey: authority.key,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [
        new AuthorityKeyIdentifierExtension(authority.keyId),
        new Extension("2.5.29.20", false, integer(number)),
      ],
      entries: entries.map(({ serial, at, reason }) => ({
        serialNumber: serial,
        revocationDate: new Date(at),
        reason: X509CrlReason[reason],
      })),
    },
    authority.crypto,
  );
  const der = Buffer.from(crl.rawData);
  if (!(await crl.verify({ publicKey: authority.certificate.publicKey }))) {
    throw new Error(`The revocation list does not verify against its issuer ${authority.checked.subject}.`);
  }
  return der;
}

/** PEM of a list. */
export function crlPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN X509 CRL-----\n${lines.join("\n")}\n-----END X509 CRL-----\n`;
}

/** DER of a positive INTEGER. */
function integer(value: number): Uint8Array {
  const hex = value.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const positive = (octets[0] ?? 0) < 0x80 ? octets : Buffer.concat([Buffer.from([0]), octets]);
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
}
