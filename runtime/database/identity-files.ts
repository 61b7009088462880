import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IdentityMaterial } from "../service/identity.ts";

/**
 * Writes `tls.key`, `tls.crt` and `ca.crt` for a program that reads them from files.
 *
 * Each file is replaced whole. The key is written last but one and the certificate last, and the program is told to read
 * them only afterwards, so it never loads a pair that does not match.
 */
export async function writeIdentity(folder: string, identity: IdentityMaterial): Promise<void> {
  await replace(join(folder, "ca.crt"), identity.ca);
  await replace(join(folder, "tls.key"), identity.key);
  await replace(join(folder, "tls.crt"), identity.cert);
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  // Postgres refuses a key that others may read; the mode given to writeFile counts only for a file that is new.
  await writeFile(fresh, text, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, path);
}
