import { LOGINS } from "./roles.ts";

/** The only superuser; reachable by the local socket alone. */
export const SUPERUSER = "postgres";

/** Files the agent writes anew at each start, so that what Postgres runs with is always what this version says. */
export interface SettingsFiles {
  readonly "postgresql.conf": string;
  readonly "pg_hba.conf": string;
  readonly "pg_ident.conf": string;
}

/** What the settings depend on. */
export interface SettingsInput {
  /** Database the services use; nobody reaches another over the network. */
  readonly database: string;
  readonly port: number;
  /** Namespace of the stack: the second half of every service's certificate name. */
  readonly namespace: string;
  /** Folder of the local socket and of the three TLS files `tls.crt`, `tls.key`, `ca.crt`; open to this user only. */
  readonly folder: string;
  /** Operating-system user the agent runs as; it alone becomes superuser. */
  readonly user: string;
  /** Further settings, as in postgresql.conf; for tests. */
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * The configuration of a stack's Postgres.
 *
 * Nothing but TLS 1.3 with a client certificate of the service CA gets in over the network, as the role its name says,
 * into the one database; there are no passwords at all.
 */
export function settingsFiles(input: SettingsInput): SettingsFiles {
  return {
    "postgresql.conf": `${Object.entries({ ...serverSettings(input), ...input.extra })
      .map(([name, value]) => `${name} = ${quoted(value)}`)
      .join("\n")}\n`,
    "pg_hba.conf": [
      `local   all               ${SUPERUSER}  peer map=agent`,
      `hostssl "${input.database}"  ${LOGINS.map(({ role }) => role).join(",")}  all  cert clientcert=verify-full map=services`,
      "",
    ].join("\n"),
    "pg_ident.conf": [
      `agent    "${input.user}"  ${SUPERUSER}`,
      ...LOGINS.map(({ role, service }) => `services "${service}.${input.namespace}"  ${role}`),
      "",
    ].join("\n"),
  };
}

function serverSettings({ port, folder }: SettingsInput): Readonly<Record<string, string>> {
  return {
    listen_addresses: "*",
    port: String(port),
    unix_socket_directories: folder,
    unix_socket_permissions: "0700",
    hba_file: `${folder}/pg_hba.conf`,
    ident_file: `${folder}/pg_ident.conf`,
    ssl: "on",
    ssl_cert_file: `${folder}/tls.crt`,
    ssl_key_file: `${folder}/tls.key`,
    ssl_ca_file: `${folder}/ca.crt`,
    ssl_min_protocol_version: "TLSv1.3",
    max_connections: "160",
    shared_buffers: "64MB",
    max_wal_size: "512MB",
    // A standby and point-in-time recovery need it; changing it later costs a restart.
    wal_level: "replica",
    wal_log_hints: "on",
    // Short transactions by primary key: neither compiling queries nor parallel workers ever pay.
    jit: "off",
    max_parallel_workers_per_gather: "0",
    idle_in_transaction_session_timeout: "10s",
    // The one zone Postgres knows without a time zone database, which the image has not.
    timezone: "GMT",
    log_timezone: "GMT",
    log_line_prefix: "[%p] %q%u@%d ",
    log_checkpoints: "off",
    log_connections: "off",
    // Else a refused row stands in the log, word by word ("Failing row contains").
    log_error_verbosity: "terse",
  };
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
