import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { parseKeys } from "./keys.ts";

const jwk = {
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }),
  kid: "1",
  alg: "ES256",
  use: "sig",
};
const { d: secret, ...open } = jwk as { readonly d: string } & Record<string, string>;
const jwks = JSON.stringify({ keys: [jwk] });
const cookies = JSON.stringify(["k".repeat(43)]);

test("the keys of the Job can be read", () => {
  expect(parseKeys(jwks, cookies).jwks.keys).toHaveLength(1);
});

test.each([
  { what: "no JSON", files: [`{"keys":[{"d":"${secret}`, cookies], file: "jwks.json" },
  { what: "no key", files: ['{"keys":[]}', cookies], file: "jwks.json" },
  { what: "a public key only", files: [JSON.stringify({ keys: [open] }), cookies], file: "jwks.json" },
  {
    what: "another algorithm",
    files: [JSON.stringify({ keys: [{ ...jwk, alg: "RS256" }] }), cookies],
    file: "jwks.json",
  },
  { what: "a short cookie key", files: [jwks, '["short"]'], file: "cookie.json" },
  { what: "no cookie key", files: [jwks, "[]"], file: "cookie.json" },
])("with $what the file is named and its contents are not", ({ files: [one = "", other = ""], file }) => {
  const read = (): unknown => parseKeys(one, other);
  expect(read).toThrow(file);
  expect(read).not.toThrow(secret);
});
