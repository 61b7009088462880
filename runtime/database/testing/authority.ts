import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { IdentityMaterial, ServiceIdentity } from "../../service/identity.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** A certificate authority for tests, as the region's service signer is. */
export interface TestAuthority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  /** A new key with a certificate of this authority; an identity never renewed but by `renew`. */
  issue(commonName: string, dnsNames?: readonly string[]): Promise<IdentityMaterial>;
}

/** Makes an authority nobody else trusts. */
export async function testAuthority(name = "test service CA"): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const now = Date.now();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + DAY_MS),
    signingAlgorithm: P256,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const ca = root.toString("pem");
  return {
    ca,
    async issue(commonName, dnsNames = []) {
      const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
      const names = dnsNames.map((value) => ({ type: "dns" as const, value }));
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: root.subject,
        notBefore: new Date(now - 60_000),
        notAfter: new Date(now + DAY_MS),
        signingKey: keys.privateKey,
        publicKey: pair.publicKey,
        signingAlgorithm: P256,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            x509.ExtendedKeyUsage.clientAuth,
            x509.ExtendedKeyUsage.serverAuth,
          ]),
          ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        ],
      });
      const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
      return { key: x509.PemConverter.encode(der, "PRIVATE KEY"), cert: certificate.toString("pem"), ca };
    },
  };
}

/** An identity whose material a test replaces, as a renewal does. */
export interface RenewableIdentity extends ServiceIdentity {
  renew(material: IdentityMaterial): void;
}

/** Wraps material that is there already. */
export function identityOf(first: IdentityMaterial): RenewableIdentity {
  let material = first;
  const listeners = new Set<() => void>();
  return {
    current: () => material,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    renew(next) {
      material = next;
      for (const listener of listeners) listener();
    },
    stop: () => undefined,
  };
}
