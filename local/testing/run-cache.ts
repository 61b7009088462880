import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VARIABLE = "WEKEZA_TEST_RUN";

/** Folder for what the tests of one run share, made once and gone with the run; undefined outside of a run. */
export function runCache(environment: NodeJS.ProcessEnv): string | undefined {
  return environment[VARIABLE];
}

/** For Vitest's `globalSetup`: makes the folder before the first worker starts. @returns what removes it. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "wekeza-run-"));
  process.env[VARIABLE] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
