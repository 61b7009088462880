import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import type { PodKeyStore } from "../../key-store/open-bao/awaited-keys.ts";
import { type InPod, openKeysInPod } from "../../key-store/open-bao/in-pod.ts";
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

/** The same while its key may still be waited for. */
export interface AwaitedSigner {
  /** Resolves once its key is known. @throws the signal's reason; Error when the file holds no such key. */
  readonly signer: () => Promise<NoteSigner>;
  /** Undefined once it is known; until then what is waited for, as readiness says it. */
  readonly notKnown: () => string | undefined;
}

type Place = Pick<AuditConfig, "group" | "namespace" | "keyStore">;

/** Of a log's key in the store: it is the log's identity, so its first version signs for ever. */
const wantedOf = ({ namespace }: Place) =>
  ({ name: accountKeyName(namespace, "audit"), algorithm: "EdDSA", version: 1 }) as const;

/**
 * The key that signs checkpoints: of a file, or the first version of `<namespace>_audit` in the key store.
 *
 * @throws KeyStoreError as {@link openKeysInPod}; Error when the file holds no such key.
 */
export async function signerOf(place: Place, inPod: InPod): Promise<OpenedSigner> {
  const origin = originOf(place.group);
  if (place.keyStore?.signs !== true)
    return { signer: await fileSigner(origin, inPod), stop: async () => undefined };
  const { keys, stop } = await openKeysInPod(place.keyStore.openBao, wantedOf(place), inPod);
  return { signer: noteSignerWith(origin, keys.current()), stop };
}

/**
 * {@link signerOf} for a service: it stays up while its key is not in the store, or not for it, and says so.
 *
 * @param store the one of the place, where it has one.
 */
export function awaitSigner(place: Place, inPod: InPod, store: PodKeyStore | undefined): AwaitedSigner {
  const origin = originOf(place.group);
  if (place.keyStore?.signs !== true || store === undefined)
    return { signer: () => fileSigner(origin, inPod), notKnown: () => undefined };
  const keys = store.keysOf(wantedOf(place));
  const signer = async (): Promise<NoteSigner> => {
    await keys.known;
    inPod.signal?.throwIfAborted();
    return noteSignerWith(origin, keys.current());
  };
  return { signer, notKnown: () => keys.notKnown() };
}

async function fileSigner(origin: string, { env }: InPod): Promise<NoteSigner> {
  return noteSigner(origin, await readFile(join(folderOf(env), "signing/key.pem"), "utf8"));
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

/** Folder of the Secrets of the log. */
export function folderOf(env: InPod["env"]): string {
  return env["WEKEZA_AUDIT_KEYS"] ?? FOLDER;
}
