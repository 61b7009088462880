import { describe, expect, test } from "vitest";
import { hashPassword, passwordMatches } from "./credentials.ts";

const salt = Buffer.alloc(16, 1);

describe("a password", () => {
  test("matches its own hash and no other", async () => {
    const kept = await hashPassword("sandbox-wanjiru", salt);
    await expect(passwordMatches("sandbox-wanjiru", kept)).resolves.toBe(true);
    await expect(passwordMatches("sandbox-Wanjiru", kept)).resolves.toBe(false);
    await expect(passwordMatches("", kept)).resolves.toBe(false);
  });

  test("of nobody never matches", async () => {
    await expect(passwordMatches("", undefined)).resolves.toBe(false);
  });

  test("keeps the cost it was hashed with", async () => {
    const old = await hashPassword("x", salt, 2 ** 14);
    await expect(passwordMatches("x", old)).resolves.toBe(true);
  });

  test("typed on another keyboard is the same password", async () => {
    const kept = await hashPassword("caf\u00e9", salt);
    await expect(passwordMatches("cafe\u0301", kept)).resolves.toBe(true);
  });
});
