import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A root and an intermediate below it, as an installation has them. PEM throughout. */
export interface TestAuthority {
  readonly root: string;
  readonly intermediate: string;
  readonly intermediateKey: string;
}

/**
 * Makes a root and an intermediate of pathLen 0 that is limited to a DNS zone.
 *
 * @param publicKey of an intermediate whose private key is elsewhere, EC P-256; `intermediateKey` is then nobody's.
 */
export async function testAuthority(
  zone: string,
  until = new Date(Date.now() + 86_400_000 * 3650),
  publicKey?: webcrypto.CryptoKey,
): Promise<TestAuthority> {
  const [rootKeys, keys] = [await keyPair(), await keyPair()];
  const common = {
    notBefore: new Date(0),
    notAfter: until,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  };
  const usage = new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true);
  const root = await X509CertificateGenerator.createSelfSigned({
    ...common,
    name: "CN=Test Root",
    keys: rootKeys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      usage,
      await SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const intermediate = await X509CertificateGenerator.create({
    ...common,
    subject: "CN=Test Partners, O=Test",
    issuer: root.subject,
    publicKey: publicKey ?? keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      usage,
      await SubjectKeyIdentifierExtension.create(publicKey ?? keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      permittedZone(zone),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "sec1", format: "pem" }).toString();
  return { root: root.toString("pem"), intermediate: intermediate.toString("pem"), intermediateKey: key };
}

/** nameConstraints (RFC 5280 section 4.2.1.10) that permit DNS names and URIs below one zone. */
function permittedZone(zone: string): Extension {
  const subtrees = [tlv(0x30, tlv(0x82, Buffer.from(zone))), tlv(0x30, tlv(0x86, Buffer.from(`.${zone}`)))];
  return new Extension("2.5.29.30", true, tlv(0x30, tlv(0xa0, Buffer.concat(subtrees))));
}

function tlv(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}
