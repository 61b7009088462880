import { Compile } from "typebox/compile";
import { Type } from "typebox";
import type { KeySet } from "../../key-store/key.ts";
import { connectInPod, type InPod, tellLooks } from "../../key-store/open-bao/in-pod.ts";
import { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import { openTransitKey } from "../../key-store/open-bao/transit.ts";

/** Where an authority's key is, when it is in a store. */
export interface AuthorityKeyStore extends OpenBaoSettings {
  /** Name of the key in the transit engine. */
  readonly key: string;
  /** Of a key that is not found by its public half: the version that signs. */
  readonly version?: number;
}

const settings = Compile(
  Type.Object({
    ...OpenBaoSettings.properties,
    key: Type.String({ minLength: 1 }),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
);

/**
 * The store that the variable KEY_STORE names, as the installation writes it; undefined where there is none.
 *
 * @throws Error when it is written otherwise.
 */
export function keyStoreFrom(
  env: Readonly<Record<string, string | undefined>>,
): AuthorityKeyStore | undefined {
  const text = env["KEY_STORE"] ?? "";
  if (text === "") return undefined;
  const value: unknown = JSON.parse(text);
  if (!settings.Check(value))
    throw new Error(
      "KEY_STORE names no key store; render the installation's manifests again, with --key-store.",
    );
  return value;
}

/** How the authority's keys are opened there; each call tries once. */
export function authorityKeys(
  { key, ...store }: AuthorityKeyStore,
  { log, ...pod }: InPod,
): () => Promise<KeySet> {
  const bao = connectInPod(store, pod);
  const onLook = tellLooks(log, { store: store.address, key });
  return () => openTransitKey(bao, { name: key, algorithm: "ES256" }, { onLook });
}
