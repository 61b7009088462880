import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { hubSecrets, regionSecrets } from "./secrets.ts";
import { createTrust, keptTrust } from "./trust.ts";

const request = {
  regions: ["ke", "eu"],
  hosts: { "east-africa": ["api.east-africa.openbanking.test", "auth.east-africa.openbanking.test"] },
};
const now = new Date();
const trust = await createTrust(request, now);

test("a host certificate names its hosts and verifies against the local root", () => {
  const host = new X509Certificate(trust.hosts["east-africa"]?.certificate ?? "");
  expect(host.checkHost("auth.east-africa.openbanking.test")).toBe("auth.east-africa.openbanking.test");
  expect(host.checkHost("auth.europe.openbanking.test")).toBeUndefined();
  expect(host.verify(new X509Certificate(trust.hostRoot).publicKey)).toBe(true);
});

test("regions do not share a service authority", () => {
  expect(trust.service["ke"]?.certificate).not.toBe(trust.service["eu"]?.certificate);
});

test("the root of the partner authority goes into a cluster without its key", () => {
  const everything = JSON.stringify([
    ...hubSecrets(trust),
    ...regionSecrets(trust, "ke"),
    ...regionSecrets(trust, "eu"),
  ]);
  const body = (pem: string) => pem.split("\n")[2] ?? "";
  expect(everything).toContain(body(trust.partner.intermediateKey));
  expect(everything).not.toContain(body(trust.partner.rootKey));
});

test("what partners' certificates hang from is a chain of two that a TLS server can load", () => {
  const bundle = hubSecrets(trust).find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "partner-ca",
  );
  const { "ca.crt": pem } = (bundle?.["data"] ?? {}) as Record<string, string | undefined>;
  expect(pem?.match(/^-----BEGIN CERTIFICATE-----$/gm)).toHaveLength(2);
  expect(() => createSecureContext({ ca: pem })).not.toThrow();
});

test("kept trust is made once, and only its owner can read it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "trust-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const first = await keptTrust(folder, request, now);
  expect(await keptTrust(folder, request, now)).toEqual(first);
  expect((await stat(join(folder, "trust.json"))).mode & 0o077).toBe(0);
  expect(await readFile(join(folder, "root.pem"), "utf8")).toBe(first.hostRoot);
});
