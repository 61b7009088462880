import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { embeddedKey } from "../../key-store/embedded.ts";
import { signatureFault } from "../service/jws-signature.ts";
import { answerSignature, isSignedRoute } from "./answer-signature.ts";
import { routeOf } from "./route.ts";

const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.parse("2026-11-23T10:00:00Z");
const signer = {
  kid: "msg-1",
  alg: "ES256",
  key: embeddedKey("msg-1", key),
  issuer: "https://auth.test",
  trustAnchor: "auth.test",
} as const;
const header = async (status: number, body: Buffer | string | undefined) =>
  (await answerSignature(() => signer, { status, body }, now))["x-jws-signature"];

test("an answer is signed as requests are", async () => {
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "msg-1", kty: "EC" };
  const expected = { issuer: "https://auth.test", keys: [jwk], now };
  expect(signatureFault(await header(201, "{}"), Buffer.from("{}"), expected)).toBeUndefined();
});

test.each([200, 201, 400, 403, 409, 500, 503])("a body with status %d is signed", async (status) => {
  expect(await header(status, Buffer.from("{}"))).toBeDefined();
});

test.each([401, 404, 405, 406, 413, 415, 429])("a body with status %d is not", async (status) => {
  expect(await header(status, "{}")).toBeUndefined();
});

test("what has no body has no signature", async () => {
  expect(await header(204, Buffer.alloc(0))).toBeUndefined();
  expect(await header(400, undefined)).toBeUndefined();
});

test.each([
  { path: "/open-banking/v4.0/pisp/domestic-vrps/vrp-1", signed: true },
  { path: "/open-banking/v4.0/pisp/file-payments/fp-1/report-file", signed: true },
  { path: "/open-banking/v4.0/aisp/accounts", signed: false },
])("signing at $path: $signed", ({ path, signed }) => {
  const match = routeOf("GET", path);
  expect(match.found && isSignedRoute(match.route)).toBe(signed);
});
