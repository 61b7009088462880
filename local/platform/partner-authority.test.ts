import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createPartnerAuthority } from "./partner-authority.ts";

const now = new Date();

function openssl(folder: string, ...args: string[]): string {
  return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A leaf for `name`, signed by the intermediate, verified by OpenSSL against the root. */
async function verifyLeaf(name: string): Promise<string> {
  const authority = await createPartnerAuthority("partners.openbanking.test", now);
  const folder = mkdtempSync(join(tmpdir(), "partner-authority-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "root.pem"), authority.rootCertificate);
  writeFileSync(join(folder, "ca.pem"), authority.intermediateCertificate);
  writeFileSync(join(folder, "ca.key"), authority.intermediateKey);
  writeFileSync(
    join(folder, "leaf.ext"),
    `subjectAltName=DNS:${name},URI:https://${name}\nextendedKeyUsage=clientAuth\n`,
  );
  openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key");
  openssl(folder, "req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr");
  openssl(
    folder,
    "x509",
    "-req",
    "-in",
    "leaf.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-extfile",
    "leaf.ext",
    "-out",
    "leaf.pem",
  );
  return openssl(folder, "verify", "-CAfile", "root.pem", "-untrusted", "ca.pem", "leaf.pem");
}

test("the intermediate is an authority that may sign leaves only", async () => {
  const { intermediateCertificate, rootCertificate } = await createPartnerAuthority(
    "partners.openbanking.test",
    now,
  );
  const intermediate = new X509Certificate(intermediateCertificate);
  expect(intermediate.ca).toBe(true);
  expect(intermediate.checkIssued(new X509Certificate(rootCertificate))).toBe(true);
});

test("a name inside the zone verifies", async () => {
  expect(await verifyLeaf("ptn-1.partners.openbanking.test")).toContain("leaf.pem: OK");
});

test("a name outside the zone does not, though the key that signed it is right", async () => {
  await expect(verifyLeaf("www.bank.example")).rejects.toThrow(/permitted subtree violation/);
});
