import "reflect-metadata";
import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { beforeAll, expect, test } from "vitest";
import { testAuthority } from "../service/testing/authority.ts";
import { base64Lines, certificatesIn, certsOnly } from "./certs-only.ts";
import { estMatchOf, requestPemOf } from "./est.ts";
import { newRequest } from "./testing/request.ts";

let request: string;
let base64: string;
beforeAll(async () => {
  const { der } = await newRequest("ptn-00000000000000aa");
  base64 = der.toString("base64");
  request = requestPemOf(base64) ?? "";
});

test("a request in base64 becomes the same PEM however its lines are broken", () => {
  expect(new Pkcs10CertificateRequest(request).subject).toBe("CN=ptn-00000000000000aa");
  expect(request).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n(.{64}\n)+.{1,64}\n-----END/);
  for (const lines of [base64Lines(Buffer.from(base64, "base64")), base64.replaceAll(/.{76}/g, "$&\r\n")])
    expect(requestPemOf(lines)).toBe(request);
});

test.each([
  ["nothing", ""],
  ["PEM", "-----BEGIN CERTIFICATE REQUEST-----"],
  ["base64 of another alphabet", "MIH_-w=="],
  ["base64 of text", Buffer.from("hello world").toString("base64")],
  ["a sequence of no length", Buffer.from("3080", "hex").toString("base64")],
])("%s is no request", (_, body) => {
  expect(requestPemOf(body)).toBeUndefined();
});

test("a request with bytes behind it, one that breaks off, and one beyond any key's size are none", () => {
  const der = Buffer.from(base64, "base64");
  const large = Buffer.concat([Buffer.from([0x30, 0x82, 0x10, 0x00]), Buffer.alloc(4_096)]);
  for (const bytes of [Buffer.concat([der, Buffer.from([0])]), der.subarray(0, -1), large])
    expect(requestPemOf(bytes.toString("base64"))).toBeUndefined();
});

test("OpenSSL reads the certificates of a certs-only message", async () => {
  const ca = await testAuthority("partners");
  const { cert } = await ca.issue({ commonName: "ptn-00000000000000aa" });
  const message = certsOnly(certificatesIn(cert, ca.ca, cert));
  const read = execFileSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], { input: message });
  const subjects = [...read.toString().matchAll(/subject=CN ?= ?(\S+)/g)].map(([, name]) => name);
  expect(subjects).toEqual(["ptn-00000000000000aa", "partners"]);
  const [own] = certificatesIn(read.toString());
  expect(own?.equals(certificatesIn(cert)[0] ?? Buffer.alloc(0))).toBe(true);
});

test("EST offers what renews, and nothing else", () => {
  expect(estMatchOf("GET", "/.well-known/est/cacerts")).toMatchObject({ found: true });
  expect(estMatchOf("POST", "/.well-known/est/simplereenroll")).toMatchObject({ found: true });
  expect(estMatchOf("GET", "/.well-known/est/simplereenroll")).toMatchObject({ allowed: ["POST"] });
  for (const name of ["simpleenroll", "serverkeygen", "constructor", ""])
    expect(estMatchOf("POST", `/.well-known/est/${name}`)).toEqual({ found: false, why: "Unknown" });
  expect(estMatchOf("POST", "/.well-known/estimate")).toBeUndefined();
});

test("a request carries the key that its maker keeps", async () => {
  const { der, key } = await newRequest("ptn-00000000000000aa");
  const asked = new Pkcs10CertificateRequest(der).publicKey.rawData;
  const kept = createPublicKey(key).export({ type: "spki", format: "der" });
  expect(Buffer.from(asked).equals(kept)).toBe(true);
});
