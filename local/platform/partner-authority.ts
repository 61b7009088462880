import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600_000;

/** The two certificates partners' certificates hang from, all PEM. */
export interface PartnerAuthority {
  readonly rootCertificate: string;
  /** Signs intermediates only; in production it stays offline, and so it is never put into a cluster here either. */
  readonly rootKey: string;
  readonly intermediateCertificate: string;
  /** Held by the signer process alone. */
  readonly intermediateKey: string;
}

/**
 * A root for ten years and an intermediate for two.
 *
 * The intermediate can sign no other authority (pathLen 0) and no name outside `zone` (RFC 5280 section 4.2.1.10),
 * so a stolen signer key makes partners, never a bank.
 */
export async function createPartnerAuthority(zone: string, now: Date): Promise<PartnerAuthority> {
  const rootKeys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ["Wekeza Partner Root"] }],
    notBefore: new Date(now.getTime() - 3600_000),
    notAfter: new Date(now.getTime() + 3650 * DAY),
    signingAlgorithm: EC,
    keys: rootKeys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const intermediate = await X509CertificateGenerator.create({
    subject: [{ CN: ["Wekeza Partner CA 1"] }],
    issuer: root.subject,
    notBefore: new Date(now.getTime() - 3600_000),
    notAfter: new Date(now.getTime() + 730 * DAY),
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: EC,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new Extension("2.5.29.30", true, permittedNames(zone)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(root),
    ],
  });
  return {
    rootCertificate: root.toString("pem"),
    rootKey: await privateKey(rootKeys),
    intermediateCertificate: intermediate.toString("pem"),
    intermediateKey: await privateKey(keys),
  };
}

/** NameConstraints in DER: DNS names in `zone`, and URIs whose host is below it. */
function permittedNames(zone: string): Uint8Array<ArrayBuffer> {
  const subtree = (tag: number, name: string) => der(0x30, der(tag, Buffer.from(name, "ascii")));
  const subtrees = Buffer.concat([subtree(0x82, zone), subtree(0x86, `.${zone}`)]);
  return Uint8Array.from(der(0x30, der(0xa0, subtrees)));
}

/** One DER value; the names here keep every length below 128, where it is a single byte. */
function der(tag: number, content: Buffer): Buffer {
  if (content.length > 127)
    throw new Error(`The zone is too long for a name constraint: ${content.length} bytes of 127.`);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

async function privateKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
}
