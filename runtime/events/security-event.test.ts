import { generateKeyPairSync } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { publicKeys, signingKey } from "../service/signing-key.ts";
import { claimsOf, signedSets } from "./security-event.ts";
import { newJwk } from "./testing/keys.ts";
import { CLIENT, NOON } from "./testing/outbox.ts";

/** Where the keys come from, in words for whoever has to mend them. */
const SECRET = "events-keys";

const notification = {
  jti: "1f0b7c3e-5a54-8c1e-9d2f-1e6a3c5b7d90",
  client: CLIENT,
  type: "urn:uk:org:openbanking:events:resource-update",
  resource: {
    type: "account-access-consent",
    id: "aac-1",
    path: "/open-banking/v4.0/aisp/account-access-consents/aac-1",
  },
  at: new Date(NOON.getTime() - 90_500),
};
const telling = { issuer: "https://auth.test", apiHost: "api.test", now: NOON };

test("a notification names its resource, its partner and when it happened", () => {
  const link = `https://api.test${notification.resource.path}`;
  expect(claimsOf(notification, telling)).toEqual({
    iss: "https://auth.test",
    iat: 1_795_348_800,
    jti: notification.jti,
    aud: CLIENT,
    sub: link,
    txn: notification.jti,
    toe: 1_795_348_709,
    events: {
      "urn:uk:org:openbanking:events:resource-update": {
        subject: {
          subject_type: "http://openbanking.org.uk/rid_http://openbanking.org.uk/rty",
          "http://openbanking.org.uk/rid": "aac-1",
          "http://openbanking.org.uk/rty": "account-access-consent",
          "http://openbanking.org.uk/rlk": [{ version: "v4.0", link }],
        },
      },
    },
  });
});

const obuk = obukDefinitions("event-notifications");
test.skipIf(obuk === undefined)(
  "a notification is as the standard defines it (skipped without its OpenAPI definition: see obuk-definitions.ts)",
  () => {
    expect(obuk?.("OBEventNotification1", claimsOf(notification, telling))).toEqual([]);
  },
);

test("it is verified with the published keys, and while keys change with the old as with the new", async () => {
  const [old, next] = [newJwk("old"), newJwk("new")];
  const set = (...keys: object[]): string => JSON.stringify({ keys });
  const signed = async (keys: string): Promise<string> => {
    const [token = ""] = await signedSets([claimsOf(notification, telling)], signingKey(keys, SECRET));
    return token;
  };
  const before = await signed(set(old, next));
  const after = await signed(set(next, old));
  const verify = (token: string, keys: string) =>
    jwtVerify(token, createLocalJWKSet({ keys: [...publicKeys(keys, SECRET)] }), {
      typ: "secevent+jwt",
      issuer: "https://auth.test",
      audience: CLIENT,
    });
  for (const keys of [set(old, next), set(next, old)])
    for (const [token, kid] of [
      [before, "old"],
      [after, "new"],
    ] as const)
      await expect(verify(token, keys)).resolves.toMatchObject({ protectedHeader: { kid, alg: "ES256" } });
  await expect(verify(before, set(next))).rejects.toThrow(/no applicable key/);
});

test("no private member is published", () => {
  const keys = publicKeys(JSON.stringify({ keys: [newJwk("one")] }), SECRET);
  expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
    ["alg", "crv", "kid", "kty", "use", "x", "y"],
  ]);
});

test.each([
  ["no JSON", `{"d":"very secret"`],
  ["no keys", `{"keys":[]}`],
  ["a public key", JSON.stringify({ keys: publicKeys(JSON.stringify({ keys: [newJwk("one")] }), SECRET) })],
  [
    "an Ed25519 key",
    JSON.stringify({
      keys: [
        {
          ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }),
          kid: "e",
          alg: "EdDSA",
          use: "sig",
        },
      ],
    }),
  ],
])("%s is refused as a key set, and not quoted", (_, text) => {
  expect(() => signingKey(text, SECRET)).toThrow(/^jwks.json of the Secret events-keys is no set/);
});
