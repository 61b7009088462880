import "reflect-metadata";
import { execFile } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenBaoOptions } from "../../key-store/open-bao/client.ts";
import { allowedIn } from "../../key-store/testing/allowed-in.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { requestFromPem } from "../csr/pem.ts";
import { readCertificateRequest } from "../csr/request.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ACME, ZONE } from "../csr/testing/signing-request.ts";
import { type Authority, type AuthoritySource, storedAuthority } from "./authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "./certificate.ts";
import { crlPem, signedCrl } from "./crl.ts";
import { authorityKeys, keyStoreFrom } from "./key-store.ts";
import { partnerProfile } from "./profile.ts";
import { type TestAuthority, testAuthority } from "./testing/authority.ts";

const bao = await startOpenBao();
const now = new Date();
const validity = {
  notBefore: new Date(now.getTime() - 60_000),
  notAfter: new Date(now.getTime() + 86_400_000),
};

describe.skipIf(bao === undefined)("a CA whose key is in OpenBao (skipped where pip cannot bring it)", () => {
  let folder: string;
  let allowed: OpenBaoOptions;
  let ca: TestAuthority;

  beforeAll(async () => {
    if (bao === undefined) return;
    folder = await mkdtemp(join(tmpdir(), "stored-ca-"));
    allowed = await allowedIn(bao);
    await writeFile(join(folder, "token"), await allowed.serviceAccountToken());
    await bao.root("POST", "transit/keys/partner-ca", { type: "ecdsa-p256" });
    ca = await certified();
  });
  afterAll(async () => {
    await bao?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  /** What whoever keeps the root does: certifies the request that the store makes for the newest version, and puts it in place. */
  async function certified(): Promise<TestAuthority> {
    const { data } = (await bao?.root("POST", "transit/keys/partner-ca/csr", {})) ?? {};
    const { publicKey } = new Pkcs10CertificateRequest(String(data?.["csr"]));
    const key = await publicKey.export({ name: "ECDSA", namedCurve: "P-256" }, ["verify"]);
    const made = await testAuthority(ZONE, undefined, key);
    await writeFile(join(folder, "tls.crt"), made.intermediate);
    return made;
  }

  function source(): AuthoritySource {
    const { address, caBundle, mount, auth, role } = allowed;
    const store = keyStoreFrom({
      KEY_STORE: JSON.stringify({ address, caBundle, mount, auth, role, key: "partner-ca" }),
    });
    if (store === undefined) throw new Error("KEY_STORE was set");
    const log = { info: () => undefined, warn: () => undefined };
    const env = { WEKEZA_KEY_STORE_TOKEN: join(folder, "token") };
    const patience = { deadlineMs: 15_000, attemptMs: 15_000 };
    return storedAuthority(folder, authorityKeys(store, { env, log, registry: new Registry(), patience }));
  }

  async function leafOf(authority: Authority): Promise<string> {
    const { publicKey } = readCertificateRequest(requestFromPem(await requestPem()) ?? new Uint8Array());
    const serial = randomBytes(SERIAL_OCTETS);
    return issueCertificate(authority, { profile: partnerProfile(ACME, ZONE), validity, publicKey, serial });
  }

  async function opensslSays(leaf: string, crl: string): Promise<string> {
    const file = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const trust = await file("trust.pem", `${ca.intermediate}\n${ca.root}`);
    const args = [
      "verify",
      "-x509_strict",
      "-crl_check",
      "-CAfile",
      trust,
      "-CRLfile",
      await file("crl.pem", crl),
    ];
    args.push(await file("leaf.pem", leaf));
    return new Promise((resolve) => execFile("openssl", args, (_error, out, err) => resolve(out + err)));
  }

  test("signs certificates and the list of the revoked, and OpenSSL takes both", async () => {
    const authority = await source()();
    const crl = crlPem(await signedCrl(authority, { entries: [], number: 1, now }));
    expect(await opensslSays(await leafOf(authority), crl)).toMatch(/: OK\n$/);
  });

  test("signs under the old certificate when the key is rotated, and with the new key from the new certificate on", async () => {
    const running = source();
    const old = new X509Certificate(ca.intermediate);
    await running();
    await bao?.root("POST", "transit/keys/partner-ca/rotate", {});
    expect(new X509Certificate(await leafOf(await running())).checkIssued(old)).toBe(true);
    ca = await certified();
    const renewed = new X509Certificate(ca.intermediate);
    // The version may not be known yet: its next look is up to thirty seconds away, or a new process's first.
    const leaf = await leafOf(await source()());
    expect(new X509Certificate(leaf).verify(renewed.publicKey)).toBe(true);
    expect(renewed.publicKey.equals(old.publicKey)).toBe(false);
  });

  test("signs nothing while the store is sealed, and goes on by itself; a source that never saw it open does too", async () => {
    const seen = source();
    await seen();
    const fresh = source();
    await bao?.seal();
    try {
      const away = { reason: "away", retryable: true };
      await Promise.all([
        expect(leafOf(await seen())).rejects.toMatchObject(away),
        expect(fresh()).rejects.toMatchObject(away),
      ]);
    } finally {
      await bao?.unseal();
    }
    for (const each of [seen, fresh]) {
      const leaf = await until(async () => leafOf(await each()), {
        timeout: 60_000,
        what: "a certificate again",
      });
      expect(new X509Certificate(leaf).subject).toBe(`CN=${ACME}`);
    }
  });

  test("says so when the certificate in place is for none of its keys", async () => {
    const other = await testAuthority(ZONE);
    await writeFile(join(folder, "tls.crt"), other.intermediate);
    await expect(source()()).rejects.toThrow(
      "is for none of the 2 versions of the key in the key store; have one of them certified",
    );
  });
});

test("a KEY_STORE that the installation did not write is refused without quoting it", () => {
  expect(keyStoreFrom({})).toBeUndefined();
  expect(() => keyStoreFrom({ KEY_STORE: '{"address":"http://vault.example"}' })).toThrow(
    "KEY_STORE names no key store; render the installation's manifests again, with --key-store.",
  );
});
