import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceIdentity } from "../../service/identity.ts";
import type { Log } from "../../service/logger.ts";
import { runProgram, type Programs } from "../program.ts";
import { dataFolder } from "../volume.ts";
import { connectionTo, type StandbyOf } from "./connection.ts";
import { beginSlot } from "./primary.ts";

/** How long the primary is left alone after a copy failed, in ms. */
const PAUSE_MS = 2_000;

/** What a copy is made with. */
export interface CopyOptions {
  readonly volume: string;
  readonly programs: Programs;
  readonly standby: StandbyOf;
  readonly identity: ServiceIdentity;
  /** Folder of the TLS files. */
  readonly folder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Makes sure that a read replica's volume has a copy of its primary: a new one when there is none, or when the one that is there
 * {@link abandonCopy was given up}. Waits for a primary that does not answer.
 *
 * The copy appears under its name only when it is whole; one that was cut short is begun anew.
 *
 * @returns whether it made one.
 * @throws Error when what is there is no read replica's: nothing of it is removed. The reason of `signal`.
 */
export async function ensureCopy(options: CopyOptions): Promise<boolean> {
  const { volume, log, signal } = options;
  const data = dataFolder(volume);
  const [old, unfinished] = [join(volume, "data.old"), join(volume, "data.new")];
  for (const left of [old, unfinished]) await rm(left, { recursive: true, force: true });
  const why = await wordIn(markerIn(volume));
  const version = await wordIn(join(data, "PG_VERSION"));
  if (version !== undefined && (await wordIn(join(data, "standby.signal"))) === undefined)
    throw new Error(
      `${data} is a database of its own, no read replica's copy (no standby.signal); look at it, and move it away to start anew.`,
    );
  if (version !== undefined && why === undefined) {
    // A kubelet that applies fsGroup opens it to the group, and Postgres refuses to start on such a folder.
    await chmod(data, 0o700);
    return false;
  }
  if (version !== undefined) {
    log.warn({ why }, "the copy of the primary is given up for a new one");
    await rename(data, old);
    await rm(old, { recursive: true });
  }
  let told: string | undefined;
  for (;;) {
    try {
      await copy(options, unfinished);
      break;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== told) log.info({ why: text }, "waiting for the primary");
      told = text;
      await rm(unfinished, { recursive: true, force: true });
      await delay(PAUSE_MS, undefined, { signal });
    }
  }
  await rename(unfinished, data);
  await rm(markerIn(volume), { force: true });
  return true;
}

/** Notes that the copy is of no more use; the next start makes another. */
export async function abandonCopy(volume: string, why: string): Promise<void> {
  await writeFile(`${markerIn(volume)}.new`, why);
  await rename(`${markerIn(volume)}.new`, markerIn(volume));
}

async function copy({ programs, standby, identity, folder }: CopyOptions, into: string): Promise<void> {
  await beginSlot(standby, identity);
  await runProgram(programs, "pg_basebackup", [
    `--pgdata=${into}`,
    `--dbname=${connectionTo(standby, folder)}`,
    `--slot=${standby.slot}`,
    "--wal-method=stream",
    "--checkpoint=fast",
    "--no-password",
  ]);
  await writeFile(join(into, "standby.signal"), "", { mode: 0o600 });
}

function markerIn(volume: string): string {
  return join(volume, "copy-again");
}

/** What is in a file; undefined when there is none. */
async function wordIn(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
