import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { auditLeaf } from "./audit-leaf.ts";

test("a leaf's hash begins with the byte that tells leaves from nodes", () => {
  const { text, hash } = auditLeaf({ a: 1 });
  expect(text).toBe('{"a":1}');
  expect(hash).toEqual(createHash("sha256").update('\0{"a":1}').digest());
});
