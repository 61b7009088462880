import { expect, test } from "vitest";
import type { CertificateState } from "./certificates.ts";
import { currency } from "./expiry.ts";

const now = new Date("2026-11-22T10:00:00Z");

function issued(times: { readonly notBefore?: string; readonly notAfter: string }): CertificateState {
  const status = { name: "primary", request: "csr-1", pem: "PEM", ...times };
  return { status, reason: "Issued", message: "", request: false, stalled: false };
}

test("a certificate is to be renewed from a third of its life on", () => {
  const state = issued({ notBefore: "2026-11-22T00:00:00Z", notAfter: "2027-02-20T00:00:00Z" });
  expect(currency([state], now)?.message).toContain("from 2026-12-22T00:00:00.000Z on");
});

test("a status that does not say when that life began still gets an answer", () => {
  expect(currency([issued({ notAfter: "2027-02-20T00:00:00Z" })], now)).toMatchObject({
    current: true,
    message: expect.stringContaining("from a third of its life on") as string,
  });
});
