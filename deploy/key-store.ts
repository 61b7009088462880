import { Type, type Static } from "typebox";
import { OpenBaoSettings } from "../key-store/open-bao/settings.ts";
import { tokenMount } from "../key-store/open-bao/token-mount.ts";
import type { Mount } from "./process.ts";
import type { ApiServerAddress } from "./settings.ts";

/** Where an authority's key is, ECDSA P-256, that is in no Secret: OpenBao or HashiCorp Vault, with its transit engine. */
export const AuthorityKeyStore = Type.Object(
  {
    ...OpenBaoSettings.properties,
    /** Name of the key in the transit engine. */
    key: Type.String({ minLength: 1 }),
    /** CIDR blocks that its addresses lie in; absent: anywhere, on its port. */
    networks: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  },
  { additionalProperties: false },
);
export type AuthorityKeyStore = Static<typeof AuthorityKeyStore>;

/** Where the key is by which the operator signs what stacks are told, Ed25519, when it is in no Secret. */
export const SigningKeyStore = Type.Object(
  {
    ...AuthorityKeyStore.properties,
    /** The version that signs; stacks trust all, so that the next one is trusted before it signs. */
    version: Type.Integer({ minimum: 1, default: 1 }),
  },
  { additionalProperties: false },
);
export type SigningKeyStore = Static<typeof SigningKeyStore>;

/** What a process needs to ask a store: who it is, where that is, and a way there. Nothing without one. */
export function askingOf(store: AuthorityKeyStore | undefined): {
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly calls: readonly ApiServerAddress[];
} {
  if (store === undefined) return { environment: {}, mounts: [], calls: [] };
  const { networks = ["0.0.0.0/0"], ...settings } = store;
  const port = Number(new URL(store.address).port || 443);
  return {
    environment: { KEY_STORE: JSON.stringify(settings) },
    mounts: [tokenMount],
    calls: networks.map((cidr) => ({ cidr, port })),
  };
}
