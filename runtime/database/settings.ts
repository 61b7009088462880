import { MAX_CONNECTIONS } from "./config.ts";
import { LOGINS, STANDBY, STANDBY_LOGINS } from "./roles.ts";
import { connectionTo, type StandbyOf } from "./standby/connection.ts";

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
  /** Of whom it is a read replica; absent: it is the primary. */
  readonly standby?: StandbyOf;
  /** Connections that it must let in at least; for a read replica, those of its primary. */
  readonly connections?: number;
  /** Further settings, as in postgresql.conf; for tests. */
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * The configuration of a stack's Postgres.
 *
 * Nothing but TLS 1.3 with a client certificate of the service CA gets in over the network, as the role its name says,
 * into the one database, and read replicas to stream; there are no passwords at all. On a read replica only who reads there
 * gets in.
 */
export function settingsFiles(input: SettingsInput): SettingsFiles {
  const { database, namespace, standby } = input;
  const logins = standby ? STANDBY_LOGINS : LOGINS;
  const named = standby ? logins : [...logins, STANDBY];
  const rule = "all  cert clientcert=verify-full map=services";
  return {
    "postgresql.conf": `${Object.entries({ ...serverSettings(input), ...input.extra })
      .map(([name, value]) => `${name} = ${quoted(value)}`)
      .join("\n")}\n`,
    "pg_hba.conf": [
      `local   all               ${SUPERUSER}  peer map=agent`,
      `hostssl "${database}"  ${logins.map(({ role }) => role).join(",")}  ${rule}`,
      ...(standby ? [] : [`hostssl replication  ${STANDBY.role}  ${rule}`]),
      "",
    ].join("\n"),
    "pg_ident.conf": [
      `agent    "${input.user}"  ${SUPERUSER}`,
      ...named.map(({ role, service }) => `services "${service}.${namespace}"  ${role}`),
      "",
    ].join("\n"),
  };
}

function serverSettings(input: SettingsInput): Readonly<Record<string, string>> {
  const { port, folder, standby, connections = 0 } = input;
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
    max_connections: String(Math.max(MAX_CONNECTIONS, connections)),
    shared_buffers: "64MB",
    max_wal_size: "512MB",
    // A standby and point-in-time recovery need it; changing it later costs a restart.
    wal_level: "replica",
    wal_log_hints: "on",
    // Whoever stopped listening keeps neither the server from ending nor the volume from being emptied.
    wal_sender_timeout: "5s",
    max_slot_wal_keep_size: "256MB",
    ...(standby ? standbySettings(standby, folder) : {}),
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

function standbySettings(standby: StandbyOf, folder: string): Readonly<Record<string, string>> {
  return {
    primary_conninfo: connectionTo(standby, folder),
    primary_slot_name: standby.slot,
    wal_receiver_timeout: "5s",
    wal_receiver_status_interval: "1s",
    wal_retrieve_retry_interval: "1s",
    // A read that stands in the way of what the primary did is ended, and asked of the primary: no read makes the replica late, nor
    // keeps the primary from cleaning up.
    max_standby_streaming_delay: "500ms",
    hot_standby_feedback: "off",
  };
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
