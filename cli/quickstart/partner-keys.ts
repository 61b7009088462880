import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { ShardJwk } from "../../crds/shard.ts";

/** Everything secret a partner has, and what it tells the bank of it. */
export interface PartnerKeys {
  /** Private transport key, PKCS #8 PEM: proves the partner in TLS. */
  readonly transportKey: string;
  /** Certificate signing request for the transport key, PEM. */
  readonly csr: string;
  /** Private signing key as a JWK: signs client assertions. */
  readonly signingKey: webcrypto.JsonWebKey;
  /** The public half, as the Partner resource carries it. */
  readonly publicJwk: ShardJwk;
}

const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * New keys: P-256 for TLS with its signing request, and P-256 for ES256 signatures.
 *
 * @param commonName of the request; the bank's signer writes the certificate's subject itself.
 */
export async function createPartnerKeys(commonName: string): Promise<PartnerKeys> {
  const transport = await webcrypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const signing = await webcrypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys: transport,
    signingAlgorithm: ES256,
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", transport.privateKey);
  const kid = webcrypto.randomUUID();
  const privateJwk = await webcrypto.subtle.exportKey("jwk", signing.privateKey);
  return {
    transportKey: PemConverter.encode(pkcs8, "PRIVATE KEY"),
    csr: request.toString("pem"),
    signingKey: { ...privateJwk, kid } as webcrypto.JsonWebKey,
    publicJwk: publicJwk({ ...privateJwk, kid }),
  };
}

/** A CryptoKey that signs ES256, with the id under which the bank knows its public half. */
export async function signingKeyOf(
  keys: PartnerKeys,
): Promise<{ readonly key: webcrypto.CryptoKey; readonly kid: string }> {
  const key = await webcrypto.subtle.importKey("jwk", keys.signingKey, ES256, false, ["sign"]);
  return { key, kid: keys.publicJwk.kid };
}

function publicJwk({ kty, x, y, kid }: webcrypto.JsonWebKey & { readonly kid: string }): ShardJwk {
  return { kty: kty ?? "EC", crv: "P-256", x: x ?? "", y: y ?? "", kid, alg: "ES256", use: "sig" };
}
