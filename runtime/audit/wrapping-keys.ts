import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { accountOpenerName } from "../../key-store/open-bao/account-key.ts";
import type { PodKeyStore } from "../../key-store/open-bao/awaited-keys.ts";
import type { InPod } from "../../key-store/open-bao/in-pod.ts";
import { keyPairOf, type KeyPair } from "../service/hpke.ts";
import { openedWrapping, pairWrapping, type Wrapping } from "../service/wrapping.ts";
import type { AuditConfig } from "./config.ts";
import { folderOf } from "./keys.ts";

/** What opens customers' keys; new ones are sealed to the first. */
export type Wrappings = readonly [Wrapping, ...Wrapping[]];

type Place = Pick<AuditConfig, "namespace" | "keyStore">;

/** Of the key that opens, in the store. */
export const openerNameOf = ({ namespace }: Place): string => accountOpenerName(namespace, "audit");

/**
 * Every wrapping key of a log: the pair of its Secret; where the store opens, the versions of the key there, and after them
 * that pair for as long as somebody keeps it, as it opens what was sealed to it before.
 *
 * @param store the one of the place, where it has one.
 * @throws KeyStoreError when the store does not tell; Error when the Secret is needed and holds no such key.
 */
export async function wrappingsOf(
  place: Place,
  env: InPod["env"],
  store: Pick<PodKeyStore, "openersOf"> | undefined,
): Promise<Wrappings> {
  if (place.keyStore?.opens !== true || store === undefined) return [pairWrapping(await pairOf(env))];
  const [newest, ...older] = await store.openersOf(openerNameOf(place));
  if (newest === undefined) throw new Error(`The key store tells of no version of ${openerNameOf(place)}.`);
  const pair = await pairOf(env).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return [openedWrapping(newest), ...older.map(openedWrapping), ...(pair ? [pairWrapping(pair)] : [])];
}

async function pairOf(env: InPod["env"]): Promise<KeyPair> {
  return keyPairOf(await readFile(join(folderOf(env), "wrapping/key.pem"), "utf8"));
}
