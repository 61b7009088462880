import { expect, test } from "vitest";
import { signatureCheck } from "../runtime/service/signature.ts";
import { newSigningKey, shardSigner } from "./signing-key.ts";

test("what the operator signs, a service believes, and nothing else", () => {
  const signer = shardSigner([newSigningKey()]);
  const check = signatureCheck(signer.trust);
  const signature = signer.sign('{"a":"ä"}');
  expect(check('{"a":"ä"}', signature)).toBeUndefined();
  expect(check('{"a":"b"}', signature)).toMatch(/does not fit/);
  expect(shardSigner([newSigningKey()]).sign('{"a":"ä"}')).not.toBe(signature);
});

test("the same text gets the same signature, so that a second pass writes nothing", () => {
  const signer = shardSigner([newSigningKey()]);
  expect(signer.sign("x")).toBe(signer.sign("x"));
});

test("a second key is trusted before it signs, and its predecessor after", () => {
  const [old, next] = [newSigningKey(), newSigningKey()];
  const check = signatureCheck(shardSigner([old, next]).trust);
  expect(check("x", shardSigner([next, old]).sign("x"))).toBeUndefined();
});

test("the public half never carries the private one", () => {
  const key = newSigningKey();
  expect(JSON.stringify(shardSigner([key]).trust)).not.toContain(key.d);
});
