import "reflect-metadata";
import { createPrivateKey, X509Certificate as NodeCertificate, type webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SubjectKeyIdentifierExtension, X509Certificate } from "@peculiar/x509";
import { embeddedKey } from "../../key-store/embedded.ts";
import type { Key, KeySet } from "../../key-store/key.ts";
import { certificatesFromPem } from "../csr/pem.ts";
import type { Validity } from "./profile.ts";
import { signingCrypto } from "./signing-crypto.ts";

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificate: X509Certificate;
  /** The same for OpenSSL, which checks what was signed. */
  readonly checked: NodeCertificate;
  /** Its public half, which says how it signs. */
  readonly key: webcrypto.CryptoKey;
  /** Signs with its private half, whichever key is handed in. */
  readonly crypto: webcrypto.Crypto;
  /** Hex; what leaves name as their authority's key. */
  readonly keyId: string;
  readonly validity: Validity;
  /** PEM that goes behind each leaf: itself and what its Secret adds, but no root, which the reader must know anyway. */
  readonly chain: string;
}

/** The signing authority of now; asked again for every certificate, so that a renewed Secret counts at once. */
export type AuthoritySource = () => Promise<Authority>;

/**
 * The authority whose `tls.crt` and `tls.key` lie in a folder, as a mounted Secret of type kubernetes.io/tls does.
 *
 * Both files are read on every call and imported again only when they changed.
 */
export function mountedAuthority(folder: string): AuthoritySource {
  let last: { readonly text: string; readonly authority: Authority } | undefined;
  return async () => {
    const [certificate, key] = await Promise.all([
      readFile(join(folder, "tls.crt"), "utf8"),
      readFile(join(folder, "tls.key"), "utf8"),
    ]);
    const text = `${certificate}\n${key}`;
    if (last?.text !== text) last = { text, authority: await authorityFrom(certificate, key) };
    return last.authority;
  };
}

/**
 * The authority whose `tls.crt` lies in a folder and whose key is in a store: the version of it that the certificate is for, so
 * that a new certificate changes the key, and nothing before it does.
 *
 * @param open asked until it gives the keys; how long it takes is how long the first signature does.
 */
export function storedAuthority(folder: string, open: () => Promise<KeySet>): AuthoritySource {
  let opening: Promise<KeySet> | undefined;
  let last: { readonly text: string; readonly authority: Authority } | undefined;
  return async () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const keys = await opening;
    const text = await readFile(join(folder, "tls.crt"), "utf8");
    if (last?.text !== text) last = { text, authority: await authorityIn(text, keys) };
    return last.authority;
  };
}

/**
 * An authority from its certificate and its EC P-256 key (PKCS #8 or SEC 1), both in PEM.
 *
 * @throws Error when they do not belong together or are not those of an authority; never with the key in its message.
 */
export async function authorityFrom(certificatePem: string, keyPem: string): Promise<Authority> {
  const secret = createPrivateKey(keyPem);
  return authorityWith(certificatePem, (checked) => {
    if (!checked.checkPrivateKey(secret)) throw new Error("The CA's tls.key does not belong to its tls.crt.");
    if (secret.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      throw new Error("The CA's key must be EC P-256.");
    }
    return embeddedKey("CA", secret);
  });
}

/**
 * An authority from its certificate in PEM, and the keys of which one is its own.
 *
 * @throws Error when none is, or the certificate is not an authority's.
 */
export function authorityIn(certificatePem: string, keys: KeySet): Promise<Authority> {
  return authorityWith(certificatePem, ({ publicKey, subject }) => {
    const key = keys.all().find((each) => each.publicKey.equals(publicKey));
    if (key !== undefined) return key;
    throw new Error(
      `The certificate ${subject} in tls.crt is for none of the ${keys.all().length} versions of the key in the key store; have one of them certified and put that certificate there.`,
    );
  });
}

async function authorityWith(
  certificatePem: string,
  keyOf: (certificate: NodeCertificate) => Key,
): Promise<Authority> {
  const [own, ...above] = certificatesFromPem(certificatePem);
  if (own === undefined) throw new Error("The CA's tls.crt holds no certificate.");
  const checked = new NodeCertificate(own);
  if (!checked.ca) throw new Error(`The certificate ${checked.subject} in tls.crt is not a CA's.`);
  const key = keyOf(checked);
  const certificate = new X509Certificate(own);
  const chain = [own, ...above].filter((pem) => !isSelfSigned(new NodeCertificate(pem)));
  return {
    certificate,
    checked,
    key: await certificate.publicKey.export({ name: "ECDSA", namedCurve: "P-256" }, ["verify"]),
    crypto: signingCrypto(key),
    keyId: await keyIdOf(certificate),
    validity: { notBefore: certificate.notBefore, notAfter: certificate.notAfter },
    chain: chain.map((pem) => `${pem}\n`).join(""),
  };
}

async function keyIdOf(certificate: X509Certificate): Promise<string> {
  const own = certificate.getExtension(SubjectKeyIdentifierExtension);
  return (own ?? (await SubjectKeyIdentifierExtension.create(certificate.publicKey))).keyId;
}

function isSelfSigned(certificate: NodeCertificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}
