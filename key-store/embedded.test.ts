import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { embeddedKey } from "./embedded.ts";

test.each([
  ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
  ["another curve", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
  ["a key that opens and cannot sign", generateKeyPairSync("x25519").privateKey],
])("a key of %s is refused by name", (_, key) => {
  expect(() => embeddedKey("ca", key)).toThrow("The key ca is neither EC P-256 nor Ed25519; use one.");
});
