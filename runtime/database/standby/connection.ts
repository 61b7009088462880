import { STANDBY } from "../roles.ts";

/** Whose read replica a server is. */
export interface StandbyOf {
  readonly primary: { readonly host: string; readonly port: number };
  /** Under which the primary keeps its log for it; also what it is called there. */
  readonly slot: string;
}

/** The name of a pod's replication slot: letters, digits and `_` only. */
export function slotName(pod: string): string {
  return pod.replaceAll(/[^a-z0-9_]/g, "_");
}

/**
 * How libpq reaches the primary, with the certificate that the agent keeps in a folder: mutual TLS 1.3, the server by its name.
 *
 * @param folder of `tls.crt`, `tls.key` and `ca.crt`; they are read at each connection.
 */
export function connectionTo({ primary, slot }: StandbyOf, folder: string): string {
  const words = {
    host: primary.host,
    port: String(primary.port),
    user: STANDBY.role,
    application_name: slot,
    sslmode: "verify-full",
    sslcert: `${folder}/tls.crt`,
    sslkey: `${folder}/tls.key`,
    sslrootcert: `${folder}/ca.crt`,
    ssl_min_protocol_version: "TLSv1.3",
    connect_timeout: "5",
  };
  const quoted = (value: string) => `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  return Object.entries(words)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(" ");
}
