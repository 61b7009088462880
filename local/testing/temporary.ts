import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The user that servers which refuse to run as root run as: "nobody", because initdb wants one that /etc/passwd knows. */
export const UNPRIVILEGED = 65_534;

/** A new folder that belongs to the user the server will run as, and the way to remove it. */
export interface TemporaryFolder {
  readonly path: string;
  /** Undefined when this process is not root and the server runs as the same user. */
  readonly uid: number | undefined;
  remove(): Promise<void>;
}

export async function temporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `${name}-`));
  return { path, uid: await handedOver(path), remove: () => rm(path, { recursive: true, force: true }) };
}

/** The same of a folder that somebody named, which stays; made if absent. */
export async function keptFolder(name: string): Promise<TemporaryFolder> {
  const path = resolve(name);
  await mkdir(path, { recursive: true });
  return { path, uid: await handedOver(path), remove: async () => undefined };
}

async function handedOver(path: string): Promise<number | undefined> {
  const uid = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  if (uid !== undefined) await chown(path, uid, uid);
  return uid;
}
