import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { redisPassword } from "./redis.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redis-password-"));
  writeFileSync(join(folder, "consent"), "secret");
  writeFileSync(join(folder, "oauth"), "");
});
afterEach(() => rmSync(folder, { recursive: true }));

const password = (service: string) => redisPassword({ WEKEZA_REDIS_PASSWORD: folder }, service);

test("a service reads the file of its name", () => {
  expect(password("consent")).toBe("secret");
});

test("a file that is missing or empty is said by its name, with what to do", () => {
  const next = "mount the key gateway of the Secret redis-acl there.";
  expect(() => password("gateway")).toThrow(
    `The password for Redis, ${join(folder, "gateway")}, cannot be read; ${next}`,
  );
  expect(() => password("oauth")).toThrow(`${join(folder, "oauth")}, is empty`);
});

test("a Redis that knows no users needs none", () => {
  expect(redisPassword({ WEKEZA_REDIS_PASSWORD: "" }, "consent")).toBeUndefined();
});
