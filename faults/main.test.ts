import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test.each([
  { words: ["--nonsense"], says: "Unknown option '--nonsense'" },
  { words: ["--share", "9/8"], says: '"9/8" is no share' },
])("who types $words is told so, and nothing is played", ({ words, says }) => {
  const main = join(import.meta.dirname, "main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr.startsWith(says)).toBe(true);
  expect(stderr).not.toContain("    at ");
});
