import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";

/** A file of the network that is what it was when it was locked. */
export interface LockedFile {
  readonly url: string;
  /** SHA-256, in hex. */
  readonly hash: string;
}

/** Fetches a file to a path. @throws Error that names it when it cannot be fetched, or is not the one that was locked. */
export async function fetchLocked({ url, hash }: LockedFile, path: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`${url} answered ${response.status}; look at your way to it and run again.`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const got = createHash("sha256").update(bytes).digest("hex");
  if (got !== hash) throw new Error(`${url} has the SHA-256 ${got}, and ${hash} was locked; do not use it.`);
  await writeFile(path, bytes);
}
