import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], { encoding: "utf8" });

test("an option that it does not know is said in a sentence, with those it knows", () => {
  const { status, stderr } = run("--no-such-option");
  expect({ status, trace: stderr.includes("    at ") }).toEqual({ status: 2, trace: false });
  expect(stderr).toMatch(/'--no-such-option'[^]*--namespace stack-GROUP/);
});
