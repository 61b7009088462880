import { X509Certificate as NodeCertificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Authority } from "./authority.ts";
import type { LeafProfile, Validity } from "./profile.ts";

/** Octets of a serial number: 128 random bits (CA/Browser Forum asks for 64). */
export const SERIAL_OCTETS = 16;

/** What one certificate is made from. */
export interface LeafParts {
  readonly profile: LeafProfile;
  readonly validity: Validity;
  /** DER of the SubjectPublicKeyInfo: all that is taken from the request. */
  readonly publicKey: Uint8Array;
  /** {@link SERIAL_OCTETS} random octets. */
  readonly serial: Uint8Array;
}

/**
 * A leaf certificate and its issuer's chain, in PEM.
 *
 * The result has been verified with OpenSSL against the issuer before it is returned.
 *
 * @throws Error when it does not verify: then nothing is to be handed out.
 */
export async function issueCertificate(
  authority: Authority,
  { profile, validity, publicKey, serial }: LeafParts,
): Promise<string> {
  const key = new PublicKey(publicKey);
  const names = [
    ...profile.dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...profile.uris.map((value) => ({ type: "url" as const, value })),
  ];
  const leaf = await X509CertificateGenerator.create(
    {
      serialNumber: Buffer.from(serial).toString("hex"),
      subject: `CN=${profile.commonName}`,
      issuer: authority.certificate.subjectName,
      ...validity,
      publicKey: key,
      signingKey: authority.key,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([...profile.extendedKeyUsages]),
        new SubjectAlternativeNameExtension(names),
        await SubjectKeyIdentifierExtension.create(key),
        new AuthorityKeyIdentifierExtension(authority.keyId),
      ],
    },
    authority.crypto,
  );
  const pem = `${leaf.toString("pem")}\n`;
  const made = new NodeCertificate(pem);
  if (!made.checkIssued(authority.checked) || !made.verify(authority.checked.publicKey)) {
    throw new Error(`The certificate made for ${profile.commonName} does not verify against its issuer.`);
  }
  return pem + authority.chain;
}
