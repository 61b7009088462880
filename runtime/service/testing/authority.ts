import "reflect-metadata";
import { createHash, webcrypto, X509Certificate as NodeCertificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate with its key, as files hold them. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the DER, base64url. */
  readonly thumbprint: string;
}

/** What a test certificate says. */
export interface TestSubject {
  readonly commonName: string;
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority that lives in a test. */
export interface TestAuthority {
  readonly ca: string;
  issue(subject: TestSubject): Promise<TestCertificate>;
  /** A certificate for what a request (PKCS #10, PEM) asks: its subject, names and key, unchecked. PEM. */
  sign(request: string): Promise<string>;
  /** The identity of a service in the namespace `stack-ke`, usable on loopback. */
  service(name: string): Promise<TestCertificate>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** Makes an authority with a new key. */
export async function testAuthority(name: string): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const now = Date.now();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + 30 * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  let serial = 1;
  const issue = async ({
    commonName,
    dns = [],
    ips = [],
    notBefore,
    notAfter,
  }: TestSubject): Promise<TestCertificate> => {
    const pair = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    serial += 1;
    const names = [
      ...dns.map((value) => ({ type: "dns" as const, value })),
      ...ips.map((value) => ({ type: "ip" as const, value })),
    ];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(4, "0"),
      issuer: root.subject,
      subject: `CN=${commonName}`,
      publicKey: pair.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: notBefore ?? new Date(now - 60_000),
      notAfter: notAfter ?? new Date(now + DAY_MS),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ],
    });
    const cert = certificate.toString("pem");
    const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", pair.privateKey);
    return { cert, key: PemConverter.encode(pkcs8, "PRIVATE KEY"), thumbprint: thumbprintOf(cert) };
  };
  const sign = async (request: string): Promise<string> => {
    const asked = new Pkcs10CertificateRequest(request);
    serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(4, "0"),
      issuer: root.subject,
      subject: asked.subject,
      publicKey: asked.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + DAY_MS),
      extensions: asked.extensions,
    });
    return certificate.toString("pem");
  };
  return {
    ca: root.toString("pem"),
    issue,
    sign,
    service: (service) =>
      issue({ commonName: `${service}.stack-ke`, dns: [service, "localhost"], ips: ["127.0.0.1"] }),
  };
}

/** SHA-256 of a certificate's DER, base64url. */
export function thumbprintOf(cert: string): string {
  return createHash("sha256").update(new NodeCertificate(cert).raw).digest("base64url");
}

/** A folder with `tls.key`, `tls.crt` and `ca.crt`; `write` replaces its contents. */
export interface IdentityFolder {
  readonly path: string;
  write(certificate: TestCertificate, ca: string): void;
  remove(): void;
}

/** Makes an identity folder for `fileIdentity`. */
export function identityFolder(certificate: TestCertificate, ca: string): IdentityFolder {
  const path = mkdtempSync(join(tmpdir(), "identity-"));
  const write: IdentityFolder["write"] = ({ key, cert }, root) => {
    writeFileSync(join(path, "tls.key"), key);
    writeFileSync(join(path, "tls.crt"), cert);
    writeFileSync(join(path, "ca.crt"), root);
  };
  write(certificate, ca);
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The same material for as long as a test lasts. */
export function fixedIdentity({ key, cert }: TestCertificate, ca: string) {
  return { current: () => ({ key, cert, ca }), onChange: () => () => undefined, stop: () => undefined };
}
