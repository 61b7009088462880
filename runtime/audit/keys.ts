import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { keyPairOf, type KeyPair } from "../service/hpke.ts";
import { originOf } from "./checkpoint/checkpoint.ts";
import { noteSigner, type NoteSigner } from "./checkpoint/note.ts";

/** Where the two Secrets are mounted, unless `WEKEZA_AUDIT_KEYS` says otherwise. */
const FOLDER = "/etc/wekeza/audit-keys";

/** The key that signs checkpoints of a group's log. */
export async function signerOf(group: string, env: NodeJS.ProcessEnv): Promise<NoteSigner> {
  return noteSigner(originOf(group), await readFile(join(folderOf(env), "signing/key.pem"), "utf8"));
}

/** The key that customers' keys are sealed to; apart from the one that signs. */
export async function wrappingKey(env: NodeJS.ProcessEnv): Promise<KeyPair> {
  return keyPairOf(await readFile(join(folderOf(env), "wrapping/key.pem"), "utf8"));
}

function folderOf(env: NodeJS.ProcessEnv): string {
  return env["WEKEZA_AUDIT_KEYS"] ?? FOLDER;
}
