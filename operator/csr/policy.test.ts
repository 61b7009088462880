import "reflect-metadata";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  BasicConstraintsExtension,
  ChallengePasswordAttribute,
  ExtendedKeyUsageExtension,
  ExtensionsAttribute,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AllowedRequest, EXTENDED_KEY_USAGE } from "./finding.ts";
import { judgeCsr } from "./policy.ts";
import { altered, requestPem, type RequestParts } from "./testing/requests.ts";

const allowed: AllowedRequest = {
  dnsNames: ["ptn-1.partners.test"],
  uris: ["https://ptn-1.partners.test"],
  extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth],
  rsa: true,
};

const P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** A request made by OpenSSL. @param config a configuration file; absent: its own, and a bare name. */
async function opensslRequest(key: readonly string[], config?: string): Promise<string> {
  const what = config === undefined ? ["-subj", "/CN=acme"] : ["-config", config];
  const args = ["req", "-new", "-nodes", "-sha256", ...what, "-keyout", "/dev/null", "-newkey", ...key];
  return (await promisify(execFile)("openssl", args)).stdout;
}

function refusal(pem: string, by = allowed): string {
  const verdict = judgeCsr(pem, by);
  return verdict.ok ? "accepted" : `${verdict.finding.check}: ${verdict.finding.message}`;
}

describe("a request is accepted", () => {
  const cases: readonly { readonly why: string; readonly parts: RequestParts }[] = [
    { why: "bare, with a P-256 key", parts: {} },
    { why: "bare, with an RSA key of 2048 bits", parts: { key: "rsa2048" } },
    {
      why: "with what usual tools ask for unasked",
      parts: {
        extensions: [
          new BasicConstraintsExtension(false),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment),
          new ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE.clientAuth]),
          new SubjectKeyIdentifierExtension("00112233"),
        ],
      },
    },
    {
      why: "with its own names",
      parts: {
        names: [
          { type: "dns", value: "ptn-1.partners.test" },
          { type: "url", value: "https://ptn-1.partners.test" },
        ],
      },
    },
  ];
  test.each(cases)("$why", async ({ parts }) => {
    expect(refusal(await requestPem(parts))).toBe("accepted");
  });
});

describe("SEC-30: a hostile request is refused with the attribute named", () => {
  const manyNames = Array.from({ length: 100 }, (_, index) => ({
    type: "dns" as const,
    value: `a${index}.test`,
  }));
  const cases: readonly { readonly why: string; readonly parts: RequestParts; readonly want: string }[] = [
    {
      why: "a CA",
      parts: { extensions: [new BasicConstraintsExtension(true, 3)] },
      want: "basicConstraints: .*CA:TRUE",
    },
    {
      why: "a key that signs certificates",
      parts: {
        extensions: [new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature)],
      },
      want: "keyUsage: .*keyCertSign",
    },
    {
      why: "a key that signs revocation lists",
      parts: { extensions: [new KeyUsagesExtension(KeyUsageFlags.cRLSign)] },
      want: "keyUsage: .*cRLSign",
    },
    {
      why: "a server",
      parts: { extensions: [new ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE.serverAuth])] },
      want: String.raw`extendedKeyUsage: .*1\.3\.6\.1\.5\.5\.7\.3\.1`,
    },
    {
      why: "another partner's name",
      parts: { names: [{ type: "dns", value: "ptn-2.partners.test" }] },
      want: "subjectAltName: .*ptn-2.partners.test.*not its own",
    },
    {
      why: "another partner's URI beside its own name",
      parts: {
        names: [
          { type: "dns", value: "ptn-1.partners.test" },
          { type: "url", value: "https://ptn-2.partners.test" },
        ],
      },
      want: "subjectAltName: .*URI",
    },
    {
      why: "a wildcard",
      parts: { names: [{ type: "dns", value: "*.partners.test" }] },
      want: "subjectAltName: .*wildcard",
    },
    {
      why: "an address",
      parts: { names: [{ type: "ip", value: "10.0.0.1" }] },
      want: "subjectAltName: .*IP",
    },
    {
      why: "an email address",
      parts: { names: [{ type: "email", value: "a@b.test" }] },
      want: "subjectAltName: .*email",
    },
    {
      why: "a user principal name",
      parts: { names: [{ type: "upn", value: "root@test" }] },
      want: "subjectAltName: .*otherName",
    },
    {
      why: "a directory name",
      parts: { names: [{ type: "dn", value: "CN=x" }] },
      want: "subjectAltName: .*directoryName",
    },
    { why: "a hundred names", parts: { names: manyNames }, want: "subjectAltName: .*100" },
    {
      why: "a password",
      parts: { attributes: [new ChallengePasswordAttribute("x")] },
      want: "attributes: .*challengePassword",
    },
    {
      why: "two sets of extensions",
      parts: {
        extensions: [new BasicConstraintsExtension(false)],
        attributes: [new ExtensionsAttribute([new BasicConstraintsExtension(true)])],
      },
      want: "attributes: .*extensionRequest twice",
    },
    {
      why: "one extension twice",
      parts: { extensions: [new BasicConstraintsExtension(false), new BasicConstraintsExtension(true)] },
      want: "extensions: .*basicConstraints twice",
    },
    {
      why: "an extension nobody knows",
      parts: { extensions: [new Extension("1.2.3.4", true, new Uint8Array([5, 0]))] },
      want: String.raw`extensions: .*1\.2\.3\.4`,
    },
    { why: "a short RSA key", parts: { key: "rsa1024" }, want: "publicKey: .*RSA of 1024 bits" },
    { why: "another curve", parts: { key: "p384" }, want: "publicKey: .*secp384r1" },
    { why: "another kind of key", parts: { key: "ed25519" }, want: "publicKey: .*ed25519" },
    { why: "SHA-1", parts: { key: "rsa2048sha1" }, want: "signatureAlgorithm: .*RSA with SHA-1" },
    { why: "a subject of 8 KiB", parts: { subject: `CN=${"x".repeat(8_192)}` }, want: "subject: .*octets" },
  ];
  test.each(cases)("$why", async ({ parts, want }) => {
    expect(refusal(await requestPem(parts))).toMatch(new RegExp(`^${want}`));
  });

  test("ten thousand names, before they are parsed", async () => {
    // By OpenSSL: the library that makes the others takes half a second for so many, and a busy machine half a minute.
    const names = Array.from({ length: 10_000 }, (_, index) => `DNS.${index}=a${index}.test`);
    const settings = ["[req]", "distinguished_name=dn", "req_extensions=own", "prompt=no", "[dn]", "CN=acme"];
    const lines = [...settings, "[own]", "subjectAltName=@names", "[names]", ...names];
    const dir = await mkdtemp(join(tmpdir(), "request-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "openssl.cnf"), lines.join("\n"));
    expect(refusal(await opensslRequest(P256, join(dir, "openssl.cnf")))).toMatch(/^size: /);
  });

  test.each([
    { why: "an RSA key of 512 bits", key: ["rsa:512"], want: "publicKey: .*RSA of 512 bits" },
    {
      why: "a weak curve",
      key: ["ec", "-pkeyopt", "ec_paramgen_curve:secp224r1"],
      want: "publicKey: .*secp224r1",
    },
    {
      why: "a curve of its own parameters",
      key: [...P256, "-pkeyopt", "ec_param_enc:explicit"],
      want: "publicKey: .*unusual form",
    },
  ])("$why, made by OpenSSL", async ({ key, want }) => {
    expect(refusal(await opensslRequest(key))).toMatch(new RegExp(`^${want}`));
  });

  test("RSA where only EC is given", async () => {
    expect(refusal(await requestPem({ key: "rsa2048" }), { ...allowed, rsa: false })).toMatch(
      /^publicKey: .*use EC P-256\./,
    );
  });

  test("another common name where the name matters, its terminal codes made harmless", async () => {
    const pem = await requestPem({ subject: "CN=gateway\u001b[2J" });
    expect(refusal(pem, { ...allowed, commonName: "oauth.stack-ke" })).toBe(
      `subject: The subject's CN is "gateway?[2J"; it must be oauth.stack-ke.`,
    );
  });

  test("a signature by another key", async () => {
    const pem = await requestPem();
    expect(refusal(altered(pem, (der) => flipped(der, der.length - 1)))).toMatch(/^(signature|der): /);
  });

  test("a key exchanged after signing", async () => {
    const spki = (der: Buffer): number => der.indexOf(Buffer.from("2a8648ce3d030107", "hex"));
    const [mine, other] = [await requestPem(), await requestPem()];
    let point: Buffer = Buffer.alloc(0);
    altered(other, (der) => (point = der.subarray(spki(der) + 8, spki(der) + 77)));
    const swapped = altered(mine, (der) =>
      Buffer.concat([der.subarray(0, spki(der) + 8), point, der.subarray(spki(der) + 77)]),
    );
    expect(refusal(swapped)).toMatch(/^signature: /);
  });

  test("bytes behind the end", async () => {
    const pem = await requestPem();
    expect(refusal(altered(pem, (der) => Buffer.concat([der, Buffer.from([5, 0])])))).toMatch(
      /^der: .*behind the end/,
    );
  });

  test("an indefinite length", () => {
    expect(refusal(altered("", () => Buffer.from([0x30, 0x80, 0, 0])))).toMatch(/^der: .*indefinite/);
  });

  test("a megabyte, before it is parsed", async () => {
    expect(refusal((await requestPem()) + "\n".repeat(1_048_576))).toMatch(/^size: /);
  });

  test("two requests in one text", async () => {
    expect(refusal((await requestPem()) + "\n" + (await requestPem()))).toMatch(/^pem: /);
  });

  test("a private key beside the request", async () => {
    expect(
      refusal(`${await requestPem()}\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n`),
    ).toMatch(/^pem: /);
  });
});

test("no text and no bytes make it throw, and none of them is accepted", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 600 }).map((bytes) => altered("", () => Buffer.from(bytes))),
  );
  expect(() => fc.assert(fc.property(texts, (text) => !judgeCsr(text, allowed).ok))).not.toThrow();
});

test("no single changed byte of a good request is accepted", async () => {
  const pem = await requestPem({ names: [{ type: "dns", value: "ptn-1.partners.test" }] });
  expect(refusal(pem)).toBe("accepted");
  const accepted: number[] = [];
  altered(pem, (der) => {
    for (const at of der.keys())
      if (
        judgeCsr(
          altered(pem, (same) => flipped(same, at)),
          allowed,
        ).ok
      )
        accepted.push(at);
    return der;
  });
  expect(accepted).toEqual([]);
});

function flipped(der: Buffer, at: number): Buffer {
  const copy = Buffer.from(der);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
