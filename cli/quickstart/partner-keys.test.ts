import "reflect-metadata";
import { createPublicKey, verify } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { expect, test } from "vitest";
import { createPartnerKeys, signingKeyOf } from "./partner-keys.ts";

test("the request is signed by the transport key and names the partner", async () => {
  const { csr } = await createPartnerKeys("demo-1");
  const request = new Pkcs10CertificateRequest(csr);
  expect(await request.verify()).toBe(true);
  expect(request.subject).toBe("CN=demo-1");
});

test("the public JWK carries no private member and verifies what the signing key signs", async () => {
  const keys = await createPartnerKeys("demo-1");
  expect(Object.keys(keys.publicJwk).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  const { key, kid } = await signingKeyOf(keys);
  const data = Buffer.from("claims");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, data);
  const publicKey = createPublicKey({ key: { ...keys.publicJwk }, format: "jwk" });
  expect(verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature))).toBe(
    true,
  );
  expect(kid).toBe(keys.publicJwk.kid);
});
