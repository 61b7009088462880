import { generateKeyPairSync } from "node:crypto";
import { FlattenedSign } from "jose";
import { expect, test } from "vitest";
import { signatureOf, type Bank } from "./answer-signature.ts";
import type { Exchange } from "./http.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.parse("2026-11-23T10:00:00Z");
const issuer = "https://auth.test";
const jwk = { ...publicKey.export({ format: "jwk" }), kty: "EC", kid: "msg-1", alg: "ES256", use: "sig" };
const bank: Bank = { issuer, keys: { keys: [jwk] }, now };
const BODY = '{"Data":{}}';

async function signed(fields: Readonly<Record<string, unknown>> = {}, body = BODY): Promise<Exchange> {
  const name = (last: string): string => `http://openbanking.org.uk/${last}`;
  const header = {
    alg: "ES256",
    kid: "msg-1",
    crit: ["iat", "iss", "tan"].map(name),
    [name("iat")]: now / 1_000,
    [name("iss")]: issuer,
    [name("tan")]: "auth.test",
    ...fields,
  };
  const crit = Object.fromEntries(header.crit.map((each) => [each, true]));
  const jws = await new FlattenedSign(Buffer.from(BODY))
    .setProtectedHeader(header)
    .sign(privateKey, { crit });
  return answer(body, `${jws.protected}..${jws.signature}`);
}

function answer(body: string, signature?: string): Exchange {
  const headers = new Headers(signature === undefined ? {} : { "x-jws-signature": signature });
  return { method: "GET", url: "https://api.test/", status: 200, body, headers, interactionId: undefined };
}

test("what the bank signed is believed, by the id of its key", async () => {
  await expect(signatureOf(await signed(), bank)).resolves.toBe("msg-1");
});

test.each<{ why: string; given: () => Promise<Exchange>; want: string }>([
  { why: "is not signed", given: async () => answer(BODY), want: "is not signed" },
  { why: "was changed", given: () => signed({}, '{"Data":{} }'), want: "does not hold" },
  { why: "was signed by an unknown key", given: () => signed({ kid: "msg-2" }), want: "does not hold" },
  {
    why: "was signed by another bank",
    given: () => signed({ "http://openbanking.org.uk/iss": "https://auth.other" }),
    want: "by another bank",
  },
  {
    why: "was signed yesterday",
    given: () => signed({ "http://openbanking.org.uk/iat": now / 1_000 - 86_400 }),
    want: "another day",
  },
])("an answer that $why is not believed", async ({ given, want }) => {
  await expect(signatureOf(await given(), bank)).rejects.toThrow(want);
});
