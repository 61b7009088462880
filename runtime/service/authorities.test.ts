import { beforeAll, expect, test } from "vitest";
import { createAuthority } from "../../local/toolchain/certificate.ts";
import { checkAuthorities } from "./authorities.ts";

let root: string;

beforeAll(async () => {
  root = (await createAuthority("test", new Date())).certificate;
});

test("a bundle of one or more certificates can be used", () => {
  expect(() => checkAuthorities(root)).not.toThrow();
  expect(() => checkAuthorities(`${root}\n${root}`)).not.toThrow();
});

test.each([
  { why: "an empty file", text: () => "" },
  { why: "words", text: () => "no certificate here" },
  { why: "a second certificate that breaks off", text: () => `${root}\n${root.slice(0, 200)}` },
  {
    why: "bytes that are no certificate",
    text: () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  },
])("SEC-38: $why is refused, so that the last good bundle stays", ({ text }) => {
  expect(() => checkAuthorities(text())).toThrow(/./);
});
