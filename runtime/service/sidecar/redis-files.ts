import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IdentityMaterial } from "../identity.ts";

/** Where Redis finds its certificate. */
export interface RedisFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The names the command line of Redis gives them, in the folder both containers share. */
export function redisFiles(folder: string): RedisFiles {
  return { cert: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
}

/** Writes an identity where Redis reads it; each file appears whole. The key is readable by the pod's group alone. */
export async function writeRedisFiles(files: RedisFiles, { key, cert, ca }: IdentityMaterial): Promise<void> {
  const parts = [
    { path: files.ca, text: ca, mode: 0o644 },
    { path: files.cert, text: cert, mode: 0o644 },
    { path: files.key, text: key, mode: 0o640 },
  ];
  for (const { path, text, mode } of parts) {
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  }
}
