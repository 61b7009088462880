import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "../command.ts";

/** Where the keys of volumes lie, a file for each that has the volume's name, and what uses them (`local/go/volumes`). */
export interface VolumeKeys {
  readonly folder: string;
  readonly program: string;
}

/** Octets of a key, the most that fscrypt takes. */
const SIZE = 64;

/**
 * Has everything encrypted that is made in a folder from now on: AES-256-XTS, and the names AES-256-CTS.
 *
 * Its key is made when it has none, and is on the disk before anything is encrypted under it. Safe to repeat; after a mount
 * it makes what is there readable again.
 *
 * @param folder an empty one, or one that was sealed before.
 * @throws CommandError when the folder has plain files, or the file system encrypts nothing.
 */
export async function sealFolder({ folder: keys, program }: VolumeKeys, folder: string): Promise<void> {
  const file = join(keys, basename(folder));
  if (!existsSync(file)) {
    await mkdir(keys, { recursive: true, mode: 0o700 });
    const options = { mode: 0o600, flush: true };
    await writeFile(`${file}.unfinished`, randomBytes(SIZE).toString("base64"), options);
    await rename(`${file}.unfinished`, file);
  }
  await run(program, ["seal", folder], { input: await readFile(file, "utf8") });
}

/** Removes the key of a folder that was removed: what its image still has of it is noise without. Safe to repeat. */
export async function forgetFolder({ folder: keys, program }: VolumeKeys, folder: string): Promise<void> {
  const file = join(keys, basename(folder));
  const input = await readFile(file, "utf8").catch(() => undefined);
  if (input === undefined) return;
  await run(program, ["forget", dirname(folder)], { input });
  await rm(file);
}
