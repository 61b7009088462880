/** Where an OpenBao or HashiCorp Vault is that keeps keys in its transit engine, and as whom it is asked. */
export interface OpenBaoSettings {
  /** Its origin, as `https://vault.bank.example:8200`. */
  readonly address: string;
  /** Where its transit engine is mounted, as `transit`. */
  readonly mount: string;
  /** Where its Kubernetes auth method is mounted, as `kubernetes`. */
  readonly auth: string;
  /** The role that the pod's ServiceAccount logs in as. */
  readonly role: string;
  /** Root certificates (PEM) of its server; those Node ships when absent. */
  readonly caBundle?: string;
}

/** Audience of the ServiceAccount tokens that it is shown: worth nothing anywhere else. */
export const OPEN_BAO_AUDIENCE = "openbao";

/** Where a pod finds such a token of its own. */
export const OPEN_BAO_TOKEN_FILE = "/var/run/secrets/wekeza/key-store/token";

/** What it calls a key's kind, by how the key signs. */
export const TRANSIT_TYPE = { ES256: "ecdsa-p256", EdDSA: "ed25519" } as const;
