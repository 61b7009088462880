import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import { keyStoreInPod } from "../../key-store/open-bao/awaited-keys.ts";
import type { InPod } from "../../key-store/open-bao/in-pod.ts";
import type { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import type { Key } from "../../key-store/key.ts";
import { watchSigningKey } from "./watched-signing-key.ts";
import type { Log } from "./logger.ts";

/** So long partners may keep a key set, in ms: a new version of a key in a store is published that long before it signs. */
export const ANNOUNCED_MS = 3_600_000;

/** What is signed to see whether anything is; it has no dot, so nobody can take it for a token. */
export const SIGNING_TRIAL = Buffer.from("wekeza tries whether its key store signs");

/** The key by which a service signs what partners verify. */
export interface StackKey {
  /** The one that signs now. @throws KeyStoreError while a store has not told of it. */
  current(): Key;
  /** Undefined once it can sign; until then what is waited for, as readiness says it. */
  notKnown(): string | undefined;
  stop(): Promise<void>;
}

/** Where a service's key is. */
export interface StackKeyPlace {
  readonly namespace: string;
  /** Its ServiceAccount, after which its key is named. */
  readonly service: string;
  /** The store that has it; absent: the file. */
  readonly keyStore?: OpenBaoSettings | undefined;
  readonly file: string;
  /** Name of the Secret that the file is of. */
  readonly secret: string;
}

/**
 * The key of a service, in its Secret or in the Region's store.
 *
 * @throws as `watchSigningKey` for a file that holds no key; a store is waited for while the service starts.
 */
export function stackKey(
  { namespace, service, keyStore, file, secret }: StackKeyPlace,
  inPod: InPod & { readonly log: Log },
): StackKey {
  if (keyStore === undefined) {
    const key = watchSigningKey(file, secret, inPod.log);
    return { current: () => key.current(), notKnown: () => undefined, stop: async () => key.stop() };
  }
  const store = keyStoreInPod(keyStore, inPod);
  const name = accountKeyName(namespace, service);
  const keys = store.keysOf({ name, algorithm: "ES256", announcedMs: ANNOUNCED_MS });
  return { current: () => keys.current(), notKnown: () => keys.notKnown(), stop: () => store.stop() };
}
