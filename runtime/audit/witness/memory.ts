import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

/** What a witness has signed last, of each log. */
export interface Memory {
  /** The newest signed note of a log; undefined when none was seen. */
  newest(origin: string): Promise<string | undefined>;
  /** Remembers a note. It is on the disk, whole, when this resolves. */
  keep(origin: string, note: string): Promise<void>;
}

/**
 * A memory of one file for each log, `<origin>.checkpoint`, which auditors can be given as it is. One process may use a folder at a
 * time.
 */
export function memoryIn(folder: string): Memory {
  const fileOf = (origin: string): string => join(folder, `${encodeURIComponent(origin)}.checkpoint`);
  return {
    async newest(origin) {
      try {
        return await readFile(fileOf(origin), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async keep(origin, note) {
      const file = fileOf(origin);
      const unfinished = `${file}.new`;
      await flushed(unfinished, "w", note);
      await rename(unfinished, file);
      await flushed(folder, "r");
    },
  };
}

/** Writes what is given and waits for the disk: without it a cut of the power could undo what was answered. */
async function flushed(path: string, flags: "w" | "r", text?: string): Promise<void> {
  const handle = await open(path, flags, 0o644);
  try {
    if (text !== undefined) await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
