import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");

test.each([
  { words: ["verify"], says: "Missing: --key, FOLDER." },
  { words: ["verify-pack", "--key", "k"], says: "Missing: FILE." },
  { words: ["export", "--month", "2026-11"], says: "Missing: --namespace, FOLDER." },
  { words: ["frobnicate"], says: "There is no command frobnicate." },
  { words: ["verify", "--kee", "k"], says: "Unknown option '--kee'" },
  {
    words: ["verify-receipt", "--key", "no-such-key", "no-such-file"],
    says: "There is no file no-such-key.",
  },
])("who types $words is told what is wrong first, and it ends with 2", ({ words, says }) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...words], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr.startsWith(says)).toBe(true);
  expect(stderr).not.toContain("    at ");
});
