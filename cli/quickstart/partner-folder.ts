import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createPartnerKeys, type PartnerKeys } from "./partner-keys.ts";

/** What a partner keeps between runs. */
export interface KeptPartner {
  /** Name of its Partner resource. */
  readonly name: string;
  readonly keys: PartnerKeys;
}

/** The partner of the last run, if there was one. @throws Error when its file is damaged. */
export async function keptPartner(folder: string): Promise<KeptPartner | undefined> {
  const path = join(folder, FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as KeptPartner;
  } catch (cause) {
    throw new Error(`${path} is damaged; remove it, and the next run makes a new partner`, { cause });
  }
}

/** Makes a partner with new keys and keeps it, readable for this user alone. */
export async function makePartner(folder: string, name: string): Promise<KeptPartner> {
  const partner = { name, keys: await createPartnerKeys(name) };
  const path = join(folder, FILE);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(partner, undefined, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return partner;
}

/** Forgets the partner of the last run. */
export async function forgetPartner(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}

const FILE = "partner.json";
