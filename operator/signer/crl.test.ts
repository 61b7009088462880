import "reflect-metadata";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestFromPem } from "../csr/pem.ts";
import { readCertificateRequest } from "../csr/request.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ACME, ZONE } from "../csr/testing/signing-request.ts";
import { testPartner } from "../testing/partner.ts";
import { type Authority, authorityFrom } from "./authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "./certificate.ts";
import { crlPem, type RevokedCertificate, revocations, signedCrl } from "./crl.ts";
import { partnerProfile } from "./profile.ts";
import { testAuthority, type TestAuthority } from "./testing/authority.ts";

const now = new Date();
const later = new Date(now.getTime() + 86_400_000);

let ca: TestAuthority;
let authority: Authority;
let folder: string;

beforeAll(async () => {
  ca = await testAuthority(ZONE);
  authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  folder = await mkdtemp(join(tmpdir(), "crl-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** What OpenSSL, which shares no code with us, makes of a certificate under a list. */
async function opensslSays(leaf: string, crl: string): Promise<string> {
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const trust = await file("ca.pem", `${ca.intermediate}\n${ca.root}`);
  const args = ["verify", "-crl_check", "-CAfile", trust, "-CRLfile", await file("crl.pem", crl)];
  args.push(await file("leaf.pem", leaf));
  return new Promise((resolve) => execFile("openssl", args, (_error, out, err) => resolve(out + err)));
}

async function leafOf(serial: Buffer): Promise<string> {
  const { publicKey } = readCertificateRequest(requestFromPem(await requestPem()) ?? new Uint8Array());
  const validity = { notBefore: new Date(now.getTime() - 60_000), notAfter: later };
  return issueCertificate(authority, { profile: partnerProfile(ACME, ZONE), validity, publicKey, serial });
}

const entry = (serial: string, notAfter = later): RevokedCertificate => ({
  serial,
  notAfter: notAfter.toISOString(),
  at: now.toISOString(),
  reason: "keyCompromise",
});

test("OpenSSL takes the list, refuses what it names, and nothing else", async () => {
  const [bad, good] = [randomBytes(SERIAL_OCTETS), randomBytes(SERIAL_OCTETS)];
  bad[0] = 0x7f;
  const crl = crlPem(await signedCrl(authority, { entries: [entry(bad.toString("hex"))], number: 1, now }));
  expect(await opensslSays(await leafOf(bad), crl)).toContain("certificate revoked");
  expect(await opensslSays(await leafOf(good), crl)).toMatch(/: OK\n$/);
});

test("a serial whose first bit is set is the certificate's own", async () => {
  const serial = randomBytes(SERIAL_OCTETS);
  serial[0] = 0x80 | (serial[0] ?? 0);
  const leaf = await leafOf(serial);
  const { serialNumber } = new (await import("node:crypto")).X509Certificate(leaf);
  const entries = [entry(serialNumber.toLowerCase())];
  const crl = crlPem(await signedCrl(authority, { entries, number: 2, now }));
  expect(await opensslSays(leaf, crl)).toContain("certificate revoked");
});

test("an empty list is a list", async () => {
  const crl = crlPem(await signedCrl(authority, { entries: [], number: now.getTime(), now }));
  expect(await opensslSays(await leafOf(randomBytes(SERIAL_OCTETS)), crl)).toMatch(/: OK\n$/);
});

describe("what is revoked", () => {
  const partner = (...revoked: readonly RevokedCertificate[]) => ({
    ...testPartner(""),
    status: { revoked: revoked.map((each) => ({ ...each, thumbprint: each.serial })) },
  });

  test("is what Partners say and what was said before, though the Partner be gone", () => {
    const first = revocations([], [partner(entry("02"), entry("01"))], now);
    expect(first.map(({ serial }) => serial)).toEqual(["01", "02"]);
    expect(revocations(first, [], now)).toEqual(first);
  });

  test("leaves the list a day after it would have expired", () => {
    const ends = entry("01", now);
    const day = 86_400_000;
    expect(revocations([ends], [], new Date(now.getTime() + day - 1))).toHaveLength(1);
    expect(revocations([ends], [], new Date(now.getTime() + day))).toEqual([]);
  });
});
