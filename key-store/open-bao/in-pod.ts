import { readFile } from "node:fs/promises";
import { Histogram, type Registry } from "prom-client";
import { KeyStoreError } from "../error.ts";
import type { KeySet } from "../key.ts";
import { OpenBao, type OpenBaoOptions } from "./client.ts";
import { OPEN_BAO_TOKEN_FILE, type OpenBaoSettings } from "./settings.ts";
import { openTransitKey, type TransitKey } from "./transit.ts";
import { awaited } from "./wait.ts";

/** Where news of the store goes. */
interface Log {
  info(values: object, message: string): void;
  warn(values: object, message: string): void;
}

/** What a process of a pod asks a store with. */
export interface Pod {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets `wekeza_key_store_call_seconds`. */
  readonly registry: Registry;
  /** How long it waits for an answer, where that is not as usual. */
  readonly patience?: Pick<OpenBaoOptions, "deadlineMs" | "attemptMs">;
}

/** What it opens keys with. */
export interface InPod extends Pod {
  readonly log: Log;
  /** Ends waiting for a store that is away. */
  readonly signal?: AbortSignal;
}

/** Keys out of a store, and the connections to it. */
export interface OpenedKeys {
  readonly keys: KeySet;
  readonly stop: () => Promise<void>;
}

/** Connections to OpenBao or Vault by the token that the kubelet keeps fresh for the pod. */
export function connectInPod(settings: OpenBaoSettings, { env, registry, patience }: Pod): OpenBao {
  const seconds = new Histogram({
    name: "wekeza_key_store_call_seconds",
    help: "Calls of the key store, each attempt by itself.",
    labelNames: ["operation", "code"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 5],
    registers: [registry],
  });
  const file = env["WEKEZA_KEY_STORE_TOKEN"] ?? OPEN_BAO_TOKEN_FILE;
  return new OpenBao({
    ...settings,
    ...patience,
    serviceAccountToken: () => readFile(file, "utf8"),
    onCall: ({ operation, code, seconds: took }) => seconds.observe({ operation, code }, took),
  });
}

/** Says when a store does not tell of its keys any more, and when it does again. */
export function tellLooks(log: Log, key: object): (error: unknown) => void {
  return (error) => {
    if (error === undefined) log.info(key, "the key store tells of its keys again");
    else log.warn({ err: error, ...key }, "the key store does not tell of its keys; those known go on");
  };
}

/**
 * A key of OpenBao or Vault for a pod. A store that is away is waited for.
 *
 * @throws KeyStoreError when it will not be there by waiting; the signal's reason.
 */
export async function openKeysInPod(
  settings: OpenBaoSettings,
  wanted: TransitKey,
  { log, signal, ...pod }: InPod,
): Promise<OpenedKeys> {
  const bao = connectInPod(settings, pod);
  const key = { store: settings.address, key: wanted.name };
  const onLook = tellLooks(log, key);
  const opened = async (pauseMs: number): Promise<KeySet | undefined> => {
    try {
      return await openTransitKey(bao, wanted, { onLook });
    } catch (error) {
      if (!(error instanceof KeyStoreError) || !error.retryable) throw error;
      log.warn({ err: error, pauseMs, ...key }, "the key store is waited for");
      return undefined;
    }
  };
  try {
    const keys = await awaited(opened, signal);
    const stop = (): Promise<void> => {
      keys.stop();
      return bao.close();
    };
    return { keys, stop };
  } catch (error) {
    await bao.close();
    throw error;
  }
}
