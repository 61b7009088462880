import { createHash, randomBytes } from "node:crypto";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { expect, test } from "vitest";
import { newOauthKeys } from "./oauth-keys.ts";
import { newRedisAcl, REDIS_SERVICES, REDIS_SIDECAR } from "./redis-acl.ts";

test("the signing key signs ES256 and its public half verifies", async () => {
  const { keys } = JSON.parse(newOauthKeys(randomBytes)["jwks.json"] ?? "") as {
    keys: { kid: string; d?: string; alg: string }[];
  };
  const [jwk] = keys;
  expect(jwk).toMatchObject({ alg: "ES256", use: "sig", crv: "P-256" });
  const { d: _secret, ...open } = jwk ?? { kid: "", alg: "" };
  const token = await new SignJWT({}).setProtectedHeader({ alg: "ES256" }).sign(await importJWK(jwk ?? {}));
  await expect(jwtVerify(token, await importJWK(open))).resolves.toBeDefined();
});

test("cookie key and nonce have 256 bits, and no two sets are alike", () => {
  const [one, other] = [newOauthKeys(randomBytes), newOauthKeys(randomBytes)];
  const [cookie = ""] = JSON.parse(one["cookie.json"] ?? "") as string[];
  expect(Buffer.from(cookie, "base64url")).toHaveLength(32);
  expect(Buffer.from(one["nonce"] ?? "", "base64url")).toHaveLength(32);
  for (const name of ["jwks.json", "cookie.json", "nonce"]) expect(one[name]).not.toBe(other[name]);
});

test("Redis knows the hash of each password, not the password", () => {
  const acl = newRedisAcl(randomBytes);
  const file = acl["users.acl"] ?? "";
  for (const name of [...REDIS_SERVICES, REDIS_SIDECAR]) {
    const password = acl[name] ?? "";
    expect(password).toHaveLength(43);
    expect(file).not.toContain(password);
    expect(file).toContain(`user ${name} on #${createHash("sha256").update(password).digest("hex")} `);
  }
  expect(file.startsWith("user default off\n")).toBe(true);
});
