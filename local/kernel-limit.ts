import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Three clusters hold some 110 inotify instances; the kernel's usual limit is 128 for all of root's. */
const FILE = "/proc/sys/fs/inotify/max_user_instances";
const WANTED = 1024;

/**
 * Raises the kernel's limit of inotify instances where it is too low for two instances of clusters, and notes what it was.
 *
 * @param runs folder that holds the state of every instance.
 * @returns words for the person whose machine it is; undefined when nothing was changed.
 */
export async function raiseLimit(runs: string): Promise<string | undefined> {
  const before = Number(await readFile(FILE, "utf8"));
  if (before >= WANTED) return undefined;
  await writeFile(note(runs), String(before));
  await writeFile(FILE, String(WANTED));
  return `fs.inotify.max_user_instances raised from ${before} to ${WANTED}; "make down" sets it back`;
}

/** Sets the limit back to what it was before {@link raiseLimit}. Safe to repeat. */
export async function restoreLimit(runs: string): Promise<void> {
  const before = await readFile(note(runs), "utf8").catch(() => undefined);
  if (before === undefined) return;
  await writeFile(FILE, before);
  await rm(note(runs));
}

function note(runs: string): string {
  return join(runs, "inotify-before");
}
