import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ShardEnrolment } from "../../crds/shard.ts";
import { ACME } from "../service/testing/signed.ts";
import { certificatesIn } from "./certs-only.ts";
import { requestPemOf } from "./est.ts";
import { newRequest } from "./testing/request.ts";
import { startStack, type TestStack } from "./testing/stack.ts";

let stack: TestStack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.stop());

const PKCS10 = { "content-type": "application/pkcs10" };

function renew(body: string, headers: Readonly<Record<string, string>> = PKCS10) {
  const path = "/.well-known/est/simplereenroll";
  return stack.client(stack.acme).call({ method: "POST", path, headers, body });
}

/** The shard as the hub writes it, with what became of a request. */
function answered(pem: string, rest: Omit<ShardEnrolment, "csrHash">): void {
  const certificates = [
    { name: "primary", thumbprint: stack.acme.thumbprint, serial: "01", notAfter: "2027-11-22T00:00:00Z" },
  ];
  const csrHash = createHash("sha256").update(pem).digest("hex");
  stack.shard({ certificates, enrolment: { csrHash, ...rest } });
}

test("a partner's request is laid for the hub with the certificate it came over, and asked again until it is answered", async () => {
  const { der } = await newRequest(ACME);
  const body = der.toString("base64");
  const pem = requestPemOf(body) ?? "";
  const first = await renew(body);
  expect(first).toMatchObject({ status: 202, headers: { "retry-after": "2" } });
  expect(stack.enrolments).toEqual([{ clientId: ACME, csr: pem, over: stack.acme.thumbprint }]);

  answered(pem, { state: "Pending" });
  expect(await renew(body)).toMatchObject({ status: 202, headers: { "retry-after": "2" } });
  const issued = await stack.partners.sign(pem);
  answered(pem, { state: "Issued", pem: issued + stack.partnerRoot });
  const last = await renew(body);
  expect(last).toMatchObject({
    status: 200,
    headers: { "content-type": "application/pkcs7-mime; smime-type=certs-only" },
  });
  const [leaf = Buffer.alloc(1)] = certificatesIn(issued);
  // Only the certificate itself (RFC 7030 section 4.2.3).
  const message = Buffer.from(last.body, "base64");
  expect(message.includes(leaf)).toBe(true);
  expect(message.length).toBeLessThan(leaf.length + 100);
  expect(stack.enrolments).toHaveLength(1);
});

test("what the hub refuses, and what nobody can read, is answered with a sentence", async () => {
  const { der } = await newRequest(ACME);
  const body = der.toString("base64");
  answered(requestPemOf(body) ?? "", { state: "Refused", message: "Its key was used before." });
  const refused = { status: 400, body: "Its key was used before. Then ask with a new request.\n" };
  expect(await renew(body)).toMatchObject(refused);
  expect(await renew("hello")).toMatchObject({
    status: 400,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: expect.stringContaining("no PKCS #10 request in base64"),
  });
  expect(stack.enrolments).toEqual([]);
});

test("too often, too large, of another type, at another address: refused as plain text", async () => {
  const { der } = await newRequest(ACME);
  stack.laid = { asked: false, retryAfter: 41 };
  expect(await renew(der.toString("base64"))).toMatchObject({
    status: 429,
    headers: { "retry-after": "41" },
  });
  expect(await renew("A".repeat(9_000))).toMatchObject({
    status: 413,
    body: expect.stringContaining("8 KiB"),
  });
  expect(await renew("{}", { "content-type": "application/json" })).toMatchObject({
    status: 415,
    body: "Send application/pkcs10.\n",
  });
  const client = stack.client(stack.acme);
  const path = "/.well-known/est/simplereenroll";
  expect(await client.call({ path })).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect((await client.call({ path: "/.well-known/est/simpleenroll" })).status).toBe(404);
});

test("the authorities are told, with those between them and the partner's newest certificate", async () => {
  const { der } = await newRequest(ACME);
  const pem = requestPemOf(der.toString("base64")) ?? "";
  const between = (await stack.partners.issue({ commonName: "intermediate" })).cert;
  answered(pem, { state: "Issued", pem: (await stack.partners.sign(pem)) + between });
  const answer = await stack.client(stack.acme).call({ path: "/.well-known/est/cacerts" });
  expect(answer.status).toBe(200);
  const message = Buffer.from(answer.body, "base64");
  for (const certificate of certificatesIn(stack.partnerRoot, between))
    expect(message.includes(certificate)).toBe(true);
});

test("a suspended partner and an unlisted certificate get nothing", async () => {
  const { der } = await newRequest(ACME);
  const path = "/.well-known/est/simplereenroll";
  const body = der.toString("base64");
  const unlisted = stack.client(await stack.partners.issue({ commonName: ACME }));
  expect((await unlisted.call({ method: "POST", path, headers: PKCS10, body })).status).toBe(401);
  stack.roster({ suspended: true });
  const answer = await renew(body);
  expect(answer).toMatchObject({ status: 403, body: expect.stringContaining("suspended") });
  expect(stack.enrolments).toEqual([]);
});
