import "reflect-metadata";
import { X509Certificate, randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allowedForPartner, clientIdOf } from "../csr/names.ts";
import { certificatesFromPem } from "../csr/pem.ts";
import { judgeCsr } from "../csr/policy.ts";
import { type RequestParts, requestPem } from "../csr/testing/requests.ts";
import { authorityFrom, mountedAuthority } from "./authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "./certificate.ts";
import { type LeafProfile, partnerProfile, serviceProfile, validityFor } from "./profile.ts";
import { type TestAuthority, testAuthority } from "./testing/authority.ts";

const zone = "partners.openbanking.test";
const clientId = clientIdOf("partners", "acme");
const now = new Date("2026-11-22T18:00:00.500Z");
const folder = mkdtempSync(join(tmpdir(), "authority-"));
let ca: TestAuthority;

beforeAll(async () => {
  ca = await testAuthority(zone);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function issued(profile: LeafProfile, parts: RequestParts = {}): Promise<string[]> {
  const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const verdict = judgeCsr(await requestPem(parts), allowedForPartner(clientId, zone));
  const validity = validityFor(now, profile, authority.validity);
  if (!verdict.ok || !validity) throw new Error("the test's request must be good");
  const { publicKey } = verdict.request;
  const pem = await issueCertificate(authority, {
    profile,
    validity,
    publicKey,
    serial: randomBytes(SERIAL_OCTETS),
  });
  return certificatesFromPem(pem);
}

/** OpenSSL's own opinion on a chain, name constraints included. */
function opensslVerify(leaf: string, at = now): string {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const args = [
    ["-purpose", "sslclient", "-x509_strict", "-attime", String(Math.floor(at.getTime() / 1000))],
    ["-CAfile", file("root.pem", ca.root), "-untrusted", file("intermediate.pem", ca.intermediate)],
    [file("leaf.pem", leaf)],
  ];
  try {
    return execFileSync("openssl", ["verify", ...args.flat()], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch (error) {
    return String(error);
  }
}

test("a partner's certificate says what the profile says and nothing of the request's subject", async () => {
  const [leaf = "", issuer] = await issued(partnerProfile(clientId, zone), {
    subject: "CN=acme, O=Somebody Else",
  });
  const certificate = new X509Certificate(leaf);
  const host = `${clientId}.${zone}`;
  expect(certificate.subject).toBe(`CN=${clientId}`);
  expect(certificate.subjectAltName).toBe(`DNS:${host}, URI:https://${host}`);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(certificate.ca).toBe(false);
  expect(certificate.serialNumber.length).toBeGreaterThan(24);
  expect(certificate.validFromDate).toEqual(new Date("2026-11-22T17:59:00Z"));
  expect(certificate.validToDate).toEqual(new Date("2027-02-20T18:00:00Z"));
  expect(issuer?.trim()).toBe(ca.intermediate.trim());
});

test.each(["p256", "rsa2048"] as const)(
  "OpenSSL accepts the chain of a partner with a key %s",
  async (key) => {
    const [leaf = ""] = await issued(partnerProfile(clientId, zone), { key });
    expect(opensslVerify(leaf)).toMatch(/leaf\.pem: OK$/);
    expect(opensslVerify(leaf, new Date("2027-02-20T18:00:01Z"))).toMatch(/certificate has expired/);
  },
);

test("OpenSSL refuses a certificate outside the authority's zone", async () => {
  const [leaf = ""] = await issued(partnerProfile(clientId, "elsewhere.test"));
  expect(opensslVerify(leaf)).toMatch(/permitted subtree violation/);
});

test("a service's certificate is for server and client, under the names of its Service", async () => {
  const [leaf = ""] = await issued(serviceProfile({ serviceAccount: "oauth", namespace: "stack-ke" }));
  const certificate = new X509Certificate(leaf);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
  expect(certificate.subject).toBe("CN=oauth.stack-ke");
  expect(certificate.checkHost("oauth.stack-ke.svc.cluster.local")).toBe("oauth.stack-ke.svc.cluster.local");
  expect(certificate.validToDate).toEqual(new Date("2026-11-23T18:00:00Z"));
});

test("an authority whose key is another's is refused, and so is a leaf as an authority", async () => {
  const other = await testAuthority(zone);
  await expect(authorityFrom(ca.intermediate, other.intermediateKey)).rejects.toThrow(/does not belong/);
  const [leaf = ""] = await issued(partnerProfile(clientId, zone));
  await expect(authorityFrom(leaf, ca.intermediateKey)).rejects.toThrow(/not a CA/);
});

test("a renewed Secret counts at the next certificate", async () => {
  const other = await testAuthority(zone);
  const mount = ({ intermediate, intermediateKey }: TestAuthority): void => {
    writeFileSync(join(folder, "tls.crt"), intermediate);
    writeFileSync(join(folder, "tls.key"), intermediateKey);
  };
  mount(ca);
  const source = mountedAuthority(folder);
  const before = await source();
  expect(await source()).toBe(before);
  mount(other);
  expect((await source()).checked.serialNumber).toBe(new X509Certificate(other.intermediate).serialNumber);
});

test("no certificate outlives its profile, its request or its issuer, and none is born expired", () => {
  const date = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
  const seconds = fc.integer({ min: 60, max: 10_000_000 });
  const property = fc.property(
    date,
    date,
    date,
    seconds,
    seconds,
    (at, notBefore, notAfter, maxSeconds, expirationSeconds) => {
      const life = validityFor(at, { maxSeconds, expirationSeconds }, { notBefore, notAfter });
      if (life === undefined)
        return notAfter.getTime() < at.getTime() + 60_000 || notBefore.getTime() > at.getTime() - 1000;
      const asked = at.getTime() + Math.min(maxSeconds, expirationSeconds) * 1000;
      return (
        life.notAfter.getTime() <= Math.min(asked, notAfter.getTime()) &&
        life.notBefore.getTime() >= notBefore.getTime() &&
        life.notBefore <= at &&
        life.notAfter > at
      );
    },
  );
  expect(() => fc.assert(property)).not.toThrow();
});
