import { randomBytes, webcrypto } from "node:crypto";
import type { Shard } from "../../../crds/shard.ts";
import type { TestAuthority, TestCertificate } from "../../service/testing/authority.ts";
import { aShard } from "../../service/testing/signed.ts";

/** A partner with everything it proves itself with. */
export interface TestPartner {
  readonly clientId: string;
  readonly certificate: TestCertificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly kid: string;
  readonly redirectUri: string;
  /** What the operator would sign about it. */
  readonly shard: Shard;
}

/** Makes a partner with a certificate of an authority and a signing key. */
export async function newPartner(
  authority: TestAuthority,
  fields: Partial<Shard> = {},
): Promise<TestPartner> {
  const clientId = fields.clientId ?? `ptn-${randomBytes(8).toString("hex")}`;
  const certificate = await authority.issue({ commonName: clientId });
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { publicKey, privateKey } = pair as webcrypto.CryptoKeyPair;
  const { kty = "", crv = "", x = "", y = "" } = await webcrypto.subtle.exportKey("jwk", publicKey);
  const kid = "sig-1";
  const notAfter = new Date(Date.now() + 86_400_000).toISOString();
  const { thumbprint } = certificate;
  const shard = aShard({
    clientId,
    jwks: { keys: [{ kty, crv, x, y, kid, alg: "ES256", use: "sig" }] },
    certificates: [{ name: "primary", thumbprint, serial: "01", notAfter }],
    ...fields,
  });
  const [redirectUri = ""] = shard.redirectUris;
  return { clientId, certificate, signingKey: privateKey, kid, redirectUri, shard };
}
