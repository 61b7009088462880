import { access, chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, type Programs } from "./program.ts";
import { SUPERUSER } from "./settings.ts";

/** The folder of the database cluster on a volume. */
export function dataFolder(volume: string): string {
  return join(volume, "data");
}

/**
 * Makes a database cluster on a volume that has none; one that is there is left as it is.
 *
 * The new cluster appears under its name only when it is whole, so that an `initdb` that was cut short is done again.
 *
 * @returns whether it made one.
 * @throws Error when the folder holds something that is no cluster: nothing of it is removed.
 */
export async function ensureCluster(volume: string, programs: Programs): Promise<boolean> {
  const data = dataFolder(volume);
  if (await exists(join(data, "PG_VERSION"))) {
    // A kubelet that applies fsGroup opens it to the group, and Postgres refuses to start on such a folder.
    await chmod(data, 0o700);
    return false;
  }
  if ((await exists(data)) && (await readdir(data)).length > 0) {
    throw new Error(
      `${data} is not empty and is no database cluster (no PG_VERSION); look at it, and move it away to start anew.`,
    );
  }
  const unfinished = join(volume, "data.new");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(volume, { recursive: true });
  await runProgram(programs, "initdb", [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
  ]);
  await rm(data, { recursive: true, force: true });
  await rename(unfinished, data);
  return true;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
