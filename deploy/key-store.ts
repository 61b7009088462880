import { basename, dirname } from "node:path";
import { Type, type Static } from "typebox";
import { OPEN_BAO_AUDIENCE, OPEN_BAO_TOKEN_FILE } from "../key-store/open-bao/settings.ts";
import type { Mount } from "./process.ts";
import type { ApiServerAddress } from "./settings.ts";

/** Where an authority's key is that is in no Secret: OpenBao or HashiCorp Vault, with its transit engine. */
export const AuthorityKeyStore = Type.Object(
  {
    address: Type.String({ pattern: "^https://[a-z0-9.-]+(:[0-9]{1,5})?$" }),
    mount: Type.String({ minLength: 1, default: "transit" }),
    auth: Type.String({ minLength: 1, default: "kubernetes" }),
    role: Type.String({ minLength: 1 }),
    /** Name of the key in the transit engine, ECDSA P-256. */
    key: Type.String({ minLength: 1 }),
    /** Roots of its certificate, PEM; those of the Internet unless given. */
    caBundle: Type.Optional(Type.String()),
    /** CIDR blocks that its addresses lie in; absent: anywhere, on its port. */
    networks: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  },
  { additionalProperties: false },
);
export type AuthorityKeyStore = Static<typeof AuthorityKeyStore>;

/** The pod's own token for the store, kept fresh by the kubelet; no API server takes it. */
const token: Mount = {
  volume: {
    name: "key-store-token",
    projected: {
      defaultMode: 0o440,
      sources: [
        {
          serviceAccountToken: {
            audience: OPEN_BAO_AUDIENCE,
            expirationSeconds: 3_600,
            path: basename(OPEN_BAO_TOKEN_FILE),
          },
        },
      ],
    },
  },
  mountPath: dirname(OPEN_BAO_TOKEN_FILE),
};

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
    mounts: [token],
    calls: networks.map((cidr) => ({ cidr, port })),
  };
}
