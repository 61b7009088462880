import "reflect-metadata";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { expect, test } from "vitest";
import { serviceNames } from "./certificate.ts";
import { certificateRequest } from "./csr.ts";

test("another library reads the request: subject, names, key and a signature that fits", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const names = serviceNames("gateway", "stack-east-africa");
  const read = new Pkcs10CertificateRequest(
    certificateRequest(privateKey, "gateway.stack-east-africa", names),
  );
  expect(read.subject).toBe("CN=gateway.stack-east-africa");
  const extension = read.extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
  expect(extension?.names.items.map(({ type, value }) => `${type}:${value}`)).toEqual(
    names.map((name) => `dns:${name}`),
  );
  expect(Buffer.from(read.publicKey.rawData)).toEqual(
    createPublicKey(privateKey).export({ format: "der", type: "spki" }),
  );
  expect(await read.verify()).toBe(true);
});
