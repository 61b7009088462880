import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import { type InPod, openKeysInPod } from "../../key-store/open-bao/in-pod.ts";
import { keyPairOf, type KeyPair } from "../service/hpke.ts";
import { originOf } from "./checkpoint/checkpoint.ts";
import {
  noteSigner,
  noteSignerWith,
  noteVerifier,
  parseNote,
  signedBy,
  type NoteSigner,
} from "./checkpoint/note.ts";
import type { AuditConfig } from "./config.ts";

/** Where the two Secrets are mounted, unless `WEKEZA_AUDIT_KEYS` says otherwise. */
const FOLDER = "/etc/wekeza/audit-keys";

/** Who signs checkpoints of a group's log, and how to let go of it. */
export interface OpenedSigner {
  readonly signer: NoteSigner;
  readonly stop: () => Promise<void>;
}

/**
 * The key that signs checkpoints: of a file, or the first version of `<namespace>_audit` in the key store, as it is the log's
 * identity and is not exchanged.
 *
 * @throws KeyStoreError as {@link openKeysInPod}; Error when the file holds no such key.
 */
export async function signerOf(
  { group, namespace, keyStore }: Pick<AuditConfig, "group" | "namespace" | "keyStore">,
  inPod: InPod,
): Promise<OpenedSigner> {
  const origin = originOf(group);
  if (keyStore === undefined) {
    const signer = noteSigner(origin, await readFile(join(folderOf(inPod.env), "signing/key.pem"), "utf8"));
    return { signer, stop: async () => undefined };
  }
  const wanted = { name: accountKeyName(namespace, "audit"), algorithm: "EdDSA", version: 1 } as const;
  const { keys, stop } = await openKeysInPod(keyStore, wanted, inPod);
  return { signer: noteSignerWith(origin, keys.current()), stop };
}

/**
 * Whether a log may go on with a signer: what auditors hold on paper must be able to check what comes next.
 *
 * @param note the log's last checkpoint; empty where it has none.
 * @throws Error when another key signed it.
 */
export function assertSameLog(note: string, { name, verifierKey }: NoteSigner): void {
  if (note === "" || signedBy(parseNote(note), noteVerifier(verifierKey))) return;
  throw new Error(
    `The log ${name} was signed by another key than ${verifierKey}. Its key is its identity: put the old one back into the ` +
      "Secret audit-signing-key, or into the key store as version 1 of the key (import of the transit engine).",
  );
}

/** The key that customers' keys are sealed to; apart from the one that signs. */
export async function wrappingKey(env: InPod["env"]): Promise<KeyPair> {
  return keyPairOf(await readFile(join(folderOf(env), "wrapping/key.pem"), "utf8"));
}

function folderOf(env: InPod["env"]): string {
  return env["WEKEZA_AUDIT_KEYS"] ?? FOLDER;
}
