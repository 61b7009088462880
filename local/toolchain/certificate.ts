import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from "@peculiar/x509";

/** A private key (PKCS #8) and its certificate, both PEM. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** What a certificate says about its holder. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads them as groups. */
  readonly organizations?: readonly string[];
  readonly dns?: readonly string[];
  readonly addresses?: readonly string[];
  readonly use: "server" | "client" | "both";
}

/** A certificate authority of a test or a local cluster; its key lives no longer than that. */
export interface Authority extends KeyPair {
  issue(subject: Subject): Promise<KeyPair>;
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const YEAR = 365 * 24 * 3600_000;

/** A new authority, valid for a year from `now`. */
export async function createAuthority(commonName: string, now: Date): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const own = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    ...validity(now),
    signingAlgorithm: EC,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(
        KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    key: await privateKey(keys),
    certificate: own.toString("pem"),
    issue: (subject) => issue(subject, own, keys, now),
  };
}

/** A key pair without a certificate, both halves PEM, as ServiceAccount tokens are signed with. */
export async function createKeyPair(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const publicKey = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return { privateKey: await privateKey(keys), publicKey: PemConverter.encode(publicKey, "PUBLIC KEY") };
}

async function issue(
  subject: Subject,
  issuer: X509Certificate,
  issuerKeys: webcrypto.CryptoKeyPair,
  now: Date,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const names: JsonGeneralNames = [
    ...(subject.dns ?? []).map((value) => ({ type: "dns", value }) as const),
    ...(subject.addresses ?? []).map((value) => ({ type: "ip", value }) as const),
  ];
  const uses = {
    server: [ExtendedKeyUsage.serverAuth],
    client: [ExtendedKeyUsage.clientAuth],
    both: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  };
  const certificate = await X509CertificateGenerator.create({
    subject: [...(subject.organizations ?? []).map((name) => ({ O: [name] })), { CN: [subject.commonName] }],
    issuer: issuer.subject,
    ...validity(now),
    publicKey: keys.publicKey,
    signingKey: issuerKeys.privateKey,
    signingAlgorithm: EC,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(uses[subject.use]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { key: await privateKey(keys), certificate: certificate.toString("pem") };
}

/** From an hour ago, so that a clock a little behind still accepts it. */
function validity(now: Date): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - 3600_000), notAfter: new Date(now.getTime() + YEAR) };
}

async function privateKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
}
