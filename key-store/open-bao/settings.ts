import { Type, type Static } from "typebox";

/** Where an OpenBao or HashiCorp Vault is that keeps keys in its transit engine, and as whom a pod asks it. */
export const OpenBaoSettings = Type.Object({
  /** Its origin, as `https://vault.bank.example:8200`. */
  address: Type.String({ pattern: "^https://[a-z0-9.-]+(:[0-9]{1,5})?$" }),
  /** Where its transit engine is mounted. */
  mount: Type.String({ minLength: 1, default: "transit" }),
  /** Where its Kubernetes auth method is mounted. */
  auth: Type.String({ minLength: 1, default: "kubernetes" }),
  /** The role that the pod's ServiceAccount logs in as. */
  role: Type.String({ minLength: 1 }),
  /** Root certificates (PEM) of its server; those Node ships when absent. */
  caBundle: Type.Optional(Type.String()),
});
export type OpenBaoSettings = Readonly<Static<typeof OpenBaoSettings>>;

/** Audience of the ServiceAccount tokens that it is shown: worth nothing anywhere else. */
export const OPEN_BAO_AUDIENCE = "openbao";

/** Where a pod finds such a token of its own. */
export const OPEN_BAO_TOKEN_FILE = "/var/run/secrets/wekeza/key-store/token";

/** What it calls a key's kind, by how the key signs. */
export const TRANSIT_TYPE = { ES256: "ecdsa-p256", EdDSA: "ed25519" } as const;

/** What it calls the kind of a key that opens. */
export const OPENER_TYPE = "rsa-3072";
