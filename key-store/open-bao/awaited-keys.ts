import { KeyStoreError } from "../error.ts";
import type { Key, KeySet } from "../key.ts";
import { Listeners } from "../listeners.ts";
import type { OpeningKey } from "../opener.ts";
import type { OpenBao } from "./client.ts";
import { connectInPod, type InPod, tellLooks } from "./in-pod.ts";
import type { OpenBaoSettings } from "./settings.ts";
import { openTransitKey, type TransitKey } from "./transit.ts";
import { transitOpeners } from "./transit-opener.ts";
import { awaited } from "./wait.ts";

/** Keys out of a store that a process does not wait for when it starts. */
export interface AwaitedKeys extends KeySet {
  /** @throws KeyStoreError until the store has told of them. */
  current(): Key;
  /** None until the store has told of them. */
  all(): readonly Key[];
  /** Resolves when they are known, or when nothing is waited for any more. */
  readonly known: Promise<void>;
  /** Undefined once they are known; until then what is waited for, as readiness says it. */
  notKnown(): string | undefined;
}

/** One store and the keys that a pod uses of it. */
export interface PodKeyStore {
  /** Begins to look for a key, again and again: for a store that is away, and for whoever makes the key or lets us use it. */
  keysOf(wanted: TransitKey): AwaitedKeys;
  /** Asks for the versions of a key that opens. @throws as {@link transitOpeners}. */
  openersOf(name: string): Promise<readonly OpeningKey[]>;
  /** Ends that and breaks every connection. */
  stop(): Promise<void>;
}

/** The store of a pod's keys, logged in with the pod's own token. At most one for a registry. */
export function keyStoreInPod(settings: OpenBaoSettings, { log, signal, ...pod }: InPod): PodKeyStore {
  const bao = connectInPod(settings, pod);
  const stopping = new AbortController();
  const ended = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
  const opened: AwaitedKeys[] = [];
  return {
    keysOf(wanted) {
      const keys = awaitedKeys({ bao, wanted, log, signal: ended });
      opened.push(keys);
      return keys;
    },
    openersOf: (name) => transitOpeners(bao, name),
    async stop() {
      stopping.abort();
      for (const keys of opened) keys.stop();
      await bao.close();
    },
  };
}

interface Waiting extends Pick<InPod, "log"> {
  readonly bao: OpenBao;
  readonly wanted: TransitKey;
  readonly signal: AbortSignal;
}

function awaitedKeys({ bao, wanted, log, signal }: Waiting): AwaitedKeys {
  const { address } = bao.settings;
  const key = { store: address, key: wanted.name };
  const onLook = tellLooks(log, key);
  const listeners = new Listeners();
  const stopped = new AbortController();
  const ended = AbortSignal.any([signal, stopped.signal]);
  let known: KeySet | undefined;
  let why: unknown;

  const opened = async (): Promise<KeySet | undefined> => {
    try {
      return await openTransitKey(bao, wanted, { onLook });
    } catch (error) {
      // A message once: it is tried again for as long as it takes.
      if (!ended.aborted && String(error) !== String(why))
        log.warn({ err: error, ...key }, "the key store is waited for");
      why = error;
      return undefined;
    }
  };
  const open = async (): Promise<void> => {
    const found = await awaited(opened, ended);
    if (ended.aborted) return found.stop();
    known = found;
    found.onChange(() => listeners.tell());
    log.info({ ...key, kids: found.all().map(({ id }) => id) }, "the key store told of its keys");
    listeners.tell();
  };
  const opening = open().catch((error: unknown) => {
    if (!ended.aborted) throw error;
  });
  const notKnown = (): string | undefined =>
    known ? undefined : `the key store ${address} has not told of ${wanted.name} yet`;
  return {
    current() {
      if (known) return known.current();
      throw new KeyStoreError("away", `Nothing is signed: ${notKnown()}; the log says why.`, { cause: why });
    },
    all: () => known?.all() ?? [],
    onChange: (listener) => listeners.add(listener),
    known: opening,
    notKnown,
    stop() {
      stopped.abort();
      known?.stop();
    },
  };
}
