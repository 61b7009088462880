import { expect, test } from "vitest";
import { signatureCheck } from "../runtime/service/signature.ts";
import { newSigningKey, shardSigner } from "./signing-key.ts";

test("what the operator signs, a service believes, and nothing else", async () => {
  const signer = shardSigner([newSigningKey()]);
  const check = signatureCheck(signer.trust);
  const signature = await signer.sign('{"a":"ä"}');
  expect(check('{"a":"ä"}', signature)).toBeUndefined();
  expect(check('{"a":"b"}', signature)).toMatch(/does not fit/);
  expect(await shardSigner([newSigningKey()]).sign('{"a":"ä"}')).not.toBe(signature);
});

test("the same text gets the same signature", async () => {
  const signer = shardSigner([newSigningKey()]);
  expect(await signer.sign("x")).toBe(await signer.sign("x"));
});

test("a second key is trusted before it signs, and its predecessor after", async () => {
  const [old, next] = [newSigningKey(), newSigningKey()];
  const check = signatureCheck(shardSigner([old, next]).trust);
  expect(check("x", await shardSigner([next, old]).sign("x"))).toBeUndefined();
});

test("which of them signs changes nothing of what is trusted", () => {
  const [one, other] = [newSigningKey(), newSigningKey()];
  expect(shardSigner([one, other]).trust).toEqual(shardSigner([other, one]).trust);
});

test("a key that is only trusted needs no private half, and one that signs does", () => {
  const [own, { d: _private, ...theirs }] = [newSigningKey(), newSigningKey()];
  const ids = shardSigner([own, theirs]).trust.keys.map(({ kid }) => kid);
  expect(new Set(ids)).toEqual(new Set([own.kid, theirs.kid]));
  expect(() => shardSigner([theirs, own])).toThrow("needs a private key");
});

test("the public half never carries the private one", () => {
  const key = newSigningKey();
  expect(JSON.stringify(shardSigner([key]).trust)).not.toContain(key.d);
});
