import { readFile, readlink, realpath, rename, writeFile } from "node:fs/promises";

/**
 * Makes sure that a lock file which a killed server left behind keeps no server from starting.
 *
 * Postgres refuses to start while any process has the number in its lock file (`postmaster.pid`, and one beside each
 * socket). Numbers begin anew in each container and are small, and kill(2) answers for threads too: the threads of the
 * agent that came after it were taken for the server that was killed, at each restart alike, for ever.
 *
 * A server works in its data folder: whoever does not is none. Its number is then replaced by the agent's own, which
 * Postgres passes over as its parent's (`CreateLockFile`). The rest of the file stays, by which Postgres finds out
 * whether children of the killed server still run.
 *
 * @param agent the process id of whoever starts the server next.
 * @returns the number that was there, if it was replaced.
 */
export async function passOverDeadServer(
  lockFile: string,
  data: string,
  agent: number = process.pid,
): Promise<string | undefined> {
  const text = await readFile(lockFile, "utf8").catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [number = "", ...rest] = text.split("\n");
  if (await worksIn(number, data)) return undefined;
  // In one step: Postgres takes an empty lock file for that of a server which is about to start.
  await writeFile(`${lockFile}.new`, [agent, ...rest].join("\n"), { mode: 0o600 });
  await rename(`${lockFile}.new`, lockFile);
  return number;
}

/** Whether a process with this number works in that folder; one that must not be looked at is left to Postgres. */
async function worksIn(number: string, folder: string): Promise<boolean> {
  if (!/^[1-9]\d*$/.test(number)) return false;
  try {
    return (await readlink(`/proc/${number}/cwd`)) === (await realpath(folder));
  } catch (error) {
    return !isAbsent(error);
  }
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");
}
