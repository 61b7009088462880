import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import type { Shard, ShardJwk } from "../../crds/shard.ts";
import { createLog } from "../service/logger.ts";
import { aShard } from "../service/testing/signed.ts";
import { clientFinder, clientOf, objectionTo } from "./client.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const ed = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
const rsa = (modulusLength: number) =>
  generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
const key = (jwk: object, fields: Partial<ShardJwk> = {}): ShardJwk => ({
  ...(jwk as ShardJwk),
  kid: "1",
  ...fields,
});

const good = aShard({ jwks: { keys: [key(ec)] } });

test.each([
  { what: "an EC P-256 key", keys: [key(ec, { alg: "ES256", use: "sig" })] },
  { what: "an Ed25519 key", keys: [key(ed, { alg: "EdDSA" })] },
  { what: "an RSA key of 2048 bits for PS256", keys: [key(rsa(2048), { alg: "PS256" })] },
  { what: "two keys", keys: [key(ec), key(ed, { kid: "2" })] },
])("a partner with $what may be a client", ({ keys }) => {
  expect(objectionTo({ ...good, jwks: { keys } })).toBeUndefined();
});

const keys = (...all: ShardJwk[]): Partial<Shard> => ({ jwks: { keys: all } });

test.each<{ clause: string; what: string; fields: Partial<Shard> }>([
  { clause: "profile", what: "another profile", fields: { securityProfile: "fapi1-advanced" } },
  { clause: "profile", what: "message signing", fields: { securityProfile: "fapi2-message-signing" } },
  { clause: "5.3.2.1-5", what: "DPoP", fields: { senderConstraint: "dpop" } },
  { clause: "5.3.2.1-6", what: "tls_client_auth", fields: { clientAuthentication: "tls_client_auth" } },
  { clause: "5.3.2.2-8", what: "no redirect URI", fields: { redirectUris: [] } },
  { clause: "5.3.2.2-8", what: "an http redirect URI", fields: { redirectUris: ["http://acme.example/cb"] } },
  {
    clause: "5.3.2.2-8",
    what: "one good and one http redirect URI",
    fields: { redirectUris: ["https://a.example/", "http://a.example/"] },
  },
  { clause: "5.3.2.2-8", what: "an app's own scheme", fields: { redirectUris: ["acme:/cb"] } },
  { clause: "5.3.2.2-8", what: "a script", fields: { redirectUris: ["javascript:alert(1)"] } },
  { clause: "5.3.2.2-8", what: "a fragment", fields: { redirectUris: ["https://acme.example/cb#x"] } },
  { clause: "5.3.2.2-8", what: "an empty fragment", fields: { redirectUris: ["https://acme.example/cb#"] } },
  { clause: "5.3.2.2-8", what: "a wildcard", fields: { redirectUris: ["https://*.acme.example/cb"] } },
  {
    clause: "5.3.2.2-8",
    what: "user information",
    fields: { redirectUris: ["https://a:b@acme.example/cb"] },
  },
  { clause: "5.3.2.2-8", what: "no URI at all", fields: { redirectUris: ["acme"] } },
  { clause: "5.4.2", what: "no key", fields: keys() },
  { clause: "5.4.2", what: "two keys of one kid", fields: keys(key(ec), key(ed)) },
  { clause: "5.4.1", what: "an RSA key of 1024 bits", fields: keys(key(rsa(1024))) },
  { clause: "5.4.1", what: "RS256", fields: keys(key(rsa(2048), { alg: "RS256" })) },
  { clause: "5.4.1", what: "ES384", fields: keys(key(ec, { crv: "P-384" })) },
  { clause: "5.4.1", what: "an EC key said to be for PS256", fields: keys(key(ec, { alg: "PS256" })) },
  { clause: "5.4.1", what: "a shared secret", fields: keys({ kty: "oct", kid: "1" }) },
  { clause: "5.4.1", what: "a key for encryption", fields: keys(key(ec, { use: "enc" })) },
  { clause: "5.4.1", what: "a point off the curve", fields: keys(key(ec, { x: "AAAA" })) },
  { clause: "5.4.1", what: "a bad second key", fields: keys(key(ec), key(ec, { kid: "2", y: "AAAA" })) },
])("$clause a partner with $what is refused", ({ clause, fields }) => {
  expect(objectionTo({ ...good, ...fields })?.clause).toBe(clause);
});

test("every client is held to the same terms", () => {
  expect(clientOf(good)).toMatchObject({
    token_endpoint_auth_method: "private_key_jwt",
    tls_client_certificate_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
    response_types: ["code"],
    response_modes: ["query"],
  });
  expect(clientOf(good)).not.toHaveProperty("client_secret");
});

test("a partner that is refused is no client, and is found again once it is corrected", () => {
  let shard: Shard | undefined = { ...good, redirectUris: [] };
  const find = clientFinder({ byClientId: () => shard }, createLog("test", { level: "silent" }));
  expect(find(good.clientId)).toBeUndefined();
  shard = good;
  expect(find(good.clientId)?.client_id).toBe(good.clientId);
  shard = undefined;
  expect(find(good.clientId)).toBeUndefined();
});
