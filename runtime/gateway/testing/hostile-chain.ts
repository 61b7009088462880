import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** A name with its key, which can sign others whether it may or not. */
export interface Party {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** What a certificate says; a CA for a year unless told otherwise. */
export interface Statement {
  readonly ca?: boolean;
  /** How many authorities may stand below it. */
  readonly pathLength?: number;
  /** Ended yesterday. */
  readonly expired?: boolean;
  /** DNS names below which alone it may certify (RFC 5280, 4.2.1.10). */
  readonly permitted?: string;
  readonly dns?: string;
  readonly usage?: "clientAuth" | "serverAuth";
}

/** A name with a new key. */
export async function party(name: string): Promise<Party> {
  return { name, keys: await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) };
}

/** A certificate for a party, signed by another's key, right or wrong. PEM. */
export async function certify(
  subject: Party,
  issuer: Party,
  { ca = true, pathLength, expired = false, permitted, dns, usage = "clientAuth" }: Statement = {},
): Promise<string> {
  const end = Date.now() + (expired ? -DAY_MS : 365 * DAY_MS);
  const certificate: X509Certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)).with(0, 1)).toString("hex"),
    issuer: `CN=${issuer.name}`,
    subject: `CN=${subject.name}`,
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - 30 * DAY_MS),
    notAfter: new Date(end),
    extensions: [
      new BasicConstraintsExtension(ca, pathLength, true),
      new KeyUsagesExtension(ca ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature, true),
      ...(ca ? [] : [new ExtendedKeyUsageExtension([ExtendedKeyUsage[usage]])]),
      ...(dns === undefined ? [] : [new SubjectAlternativeNameExtension([{ type: "dns", value: dns }])]),
      ...(permitted === undefined ? [] : [nameConstraints(permitted)]),
    ],
  });
  return certificate.toString("pem");
}

/** The private key of a party. PEM. */
export async function keyOf({ keys }: Party): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
}

/** One permitted DNS subtree, critical: SEQUENCE { [0] { SEQUENCE { [2] name } } }. */
function nameConstraints(permitted: string): Extension {
  const wrap = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const value = wrap(0x30, wrap(0xa0, wrap(0x30, wrap(0x82, Buffer.from(permitted, "ascii")))));
  return new Extension("2.5.29.30", true, new Uint8Array(value));
}
