import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import {
  type Attribute,
  type Extension,
  type JsonGeneralNames,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";

/** Keys for tests, by the names people use. */
export const KEYS = {
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  p384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  ed25519: { name: "Ed25519" },
  rsa1024: rsa(1024, "SHA-256"),
  rsa2048: rsa(2048, "SHA-256"),
  rsa2048sha1: rsa(2048, "SHA-1"),
} as const;

/** What a request of a test is made of. */
export interface RequestParts {
  readonly key?: keyof typeof KEYS;
  readonly subject?: string;
  readonly extensions?: readonly Extension[];
  readonly attributes?: readonly Attribute[];
  readonly names?: JsonGeneralNames;
}

/** A certification request in PEM, made by an implementation other than ours. */
export async function requestPem(parts: RequestParts = {}): Promise<string> {
  return (await requestWithKey(parts)).pem;
}

/** The same with its private key, PKCS #8 PEM. */
export async function requestWithKey(
  parts: RequestParts = {},
): Promise<{ readonly pem: string; readonly key: string }> {
  const algorithm = KEYS[parts.key ?? "p256"];
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("not a key pair");
  const names = parts.names ? [new SubjectAlternativeNameExtension(parts.names)] : [];
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: parts.subject ?? "CN=acme",
    keys,
    signingAlgorithm: algorithm,
    extensions: [...(parts.extensions ?? []), ...names],
    attributes: [...(parts.attributes ?? [])],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { pem: request.toString("pem"), key };
}

/** PEM of the bytes, changed by `change` first. */
export function altered(pem: string, change: (der: Buffer) => Buffer): string {
  const base64 = pem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const lines =
    change(Buffer.from(base64, "base64"))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}

function rsa(modulusLength: number, hash: string) {
  return { name: "RSASSA-PKCS1-v1_5", modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash };
}
