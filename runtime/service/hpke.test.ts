import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keyPairOf, newKeyPair, open, seal } from "./hpke.ts";

const BINDING = { info: "a use", aad: "beside it" };

test("the first message of RFC 9180 appendix A.1.1 opens", () => {
  const own = {
    privateKey: Buffer.from("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8", "hex"),
    publicKey: Buffer.from("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d", "hex"),
  };
  const sealed = Buffer.from(
    "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431" +
      "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
    "hex",
  );
  const binding = { info: "Ode on a Grecian Urn", aad: "Count-0" };
  expect(open(own, sealed, binding, "aes-128-gcm").toString()).toBe("Beauty is truth, truth beauty");
});

test("what is sealed opens with the same key and binding, and differs each time", () => {
  const own = newKeyPair();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const sealed = seal(own.publicKey, Buffer.from(bytes), BINDING);
      expect(open(own, sealed, BINDING)).toEqual(Buffer.from(bytes));
      expect(seal(own.publicKey, Buffer.from(bytes), BINDING)).not.toEqual(sealed);
    }),
    { numRuns: 20 },
  );
});

test("with another key, another binding, or one byte changed it does not open", () => {
  const own = newKeyPair();
  const sealed = seal(own.publicKey, Buffer.from("secret"), BINDING);
  expect(() => open(newKeyPair(), sealed, BINDING)).toThrow("unable to authenticate");
  expect(() => open(own, sealed, { ...BINDING, info: "another" })).toThrow("unable to authenticate");
  expect(() => open(own, sealed, { ...BINDING, aad: "another" })).toThrow("unable to authenticate");
  for (let n = 0; n < sealed.length; n += 1)
    expect(() => open(own, Buffer.from(sealed.with(n, (sealed[n] ?? 0) ^ 4)), BINDING)).toThrow(
      "unable to authenticate",
    );
});

test("a key pair is read from its PEM, and only an X25519 one", () => {
  const pem = (type: "x25519" | "ed25519"): string =>
    generateKeyPairSync(type as "x25519")
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
  const own = keyPairOf(pem("x25519"));
  expect(open(own, seal(own.publicKey, Buffer.from("secret"), BINDING), BINDING).toString()).toBe("secret");
  expect(() => keyPairOf(pem("ed25519"))).toThrow("no X25519 key");
});
