import { beforeAll, expect, test } from "vitest";
import type { PartnerObject } from "../../crds/resources.ts";
import { enrolment, LIFE } from "../partner/testing/enrolment.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ZONE } from "../csr/testing/signing-request.ts";
import { type TestAuthority, testAuthority } from "../signer/testing/authority.ts";
import { testPartner } from "../testing/partner.ts";
import { trustBundle } from "./trust-bundle.ts";

const now = LIFE.notBefore;

let old: TestAuthority;
let next: TestAuthority;
let acme: PartnerObject;

beforeAll(async () => {
  [old, next] = [await testAuthority(ZONE), await testAuthority(ZONE)];
  const bank = await enrolment(old);
  const csr = await requestPem();
  const issued = await bank.issued(csr);
  const pem = Buffer.from(issued.status?.certificate ?? "", "base64").toString();
  const certificates = [{ name: "primary", pem, thumbprint: "t", notAfter: LIFE.notAfter.toISOString() }];
  acme = { ...testPartner(csr), status: { certificates } };
});

test("what the hub says is what a new stack trusts, byte for byte", () => {
  const wanted = `${old.root}\n`;
  expect(trustBundle(wanted, undefined, [acme], now)).toEqual({ text: wanted, retiring: [] });
  expect(trustBundle(wanted, wanted, [acme], now)).toEqual({ text: wanted, retiring: [] });
});

test("an authority taken out of the hub stays trusted while a certificate needs it, and says whose", () => {
  const { text, retiring } = trustBundle(next.root, `${old.root}\n${next.root}`, [acme], now);
  expect(text).toContain(next.root.trim());
  expect(text).toContain(old.root.trim());
  expect(retiring).toEqual([{ subject: "CN=Test Root", partners: ["partners/acme"] }]);
  expect(trustBundle(next.root, text, [acme], now).text).toBe(text);
});

test.each([
  { why: "has expired", change: {}, at: LIFE.notAfter },
  { why: "is revoked", change: { revokedThumbprints: ["t"] }, at: now },
])("it goes when the last certificate of it $why", ({ change, at }) => {
  const partner = { ...acme, spec: { ...acme.spec, ...change } };
  expect(trustBundle(next.root, old.root, [partner], at)).toEqual({ text: next.root, retiring: [] });
});

test("it goes when nobody needs it, and stays while a predecessor does", () => {
  expect(trustBundle(next.root, old.root, [], now).retiring).toEqual([]);
  const own = acme.status?.certificates?.[0];
  const previous = {
    pem: own?.pem ?? "",
    csrHash: "",
    serial: "",
    thumbprint: "t",
    notAfter: LIFE.notAfter.toISOString(),
  };
  const renewed = { ...acme, status: { certificates: [{ name: "primary", previous }] } };
  expect(trustBundle(next.root, old.root, [renewed], now).retiring).toHaveLength(1);
});

test("it stays while it is not known what certificates a partner has", () => {
  const { status: _lost, ...rebuilt } = acme;
  expect(trustBundle(next.root, old.root, [rebuilt], now).retiring).toHaveLength(1);
});

test("an intermediate that changes under the same root needs nothing", () => {
  expect(trustBundle(old.root, `${old.intermediate}\n${old.root}`, [acme], now).retiring).toEqual([]);
});
