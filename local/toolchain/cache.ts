import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "../lock.ts";

/** A thing that is made once: the same kind and key always stand for the same content. */
export interface Entry {
  /** The cache's root folder. */
  readonly cache: string;
  /** Folder within it, as "go" or "debian". */
  readonly kind: string;
  /** From {@link contentKey}: everything the content depends on. */
  readonly key: string;
}

/** Longest time another process may take to make an entry that we wait for, in ms. A cold Go build takes nine minutes. */
const MAKING = 30 * 60_000;

/** A short hash of parts in order; a boundary moved between two parts gives another key. */
export function contentKey(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${Buffer.byteLength(part)}:`);
    hash.update(part);
  }
  return hash.digest("hex").slice(0, 24);
}

/** The folder of an entry, whether or not it is there. */
export function entryFolder({ cache, kind, key }: Entry): string {
  return join(cache, kind, key);
}

/**
 * The folder of an entry, filled on the first use.
 *
 * `fill` works in a folder of its own that gets its name only at the end: whatever stops half-way leaves nothing that
 * looks finished. Two processes that want the same entry at once make it once.
 */
export async function cached(entry: Entry, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = entryFolder(entry);
  if (existsSync(folder)) {
    const now = new Date();
    // The time of last use, for `sweep`.
    await utimes(folder, now, now);
    return folder;
  }
  return withLock(folder, MAKING, async () => {
    if (existsSync(folder)) return folder;
    await mkdir(dirname(folder), { recursive: true });
    const unfinished = await mkdtemp(`${folder}.unfinished-`);
    try {
      await chmod(unfinished, 0o755);
      await fill(unfinished);
      await rename(unfinished, folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
    return folder;
  });
}

/** Removes all entries of a kind but the `keep` used last; what stopped half-way goes too. */
export async function sweep(cache: string, kind: string, keep: number): Promise<void> {
  const folder = join(cache, kind);
  const names = existsSync(folder) ? await readdir(folder) : [];
  const used = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = used.toSorted((one, other) => other.at - one.at).slice(keep);
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true });
}
