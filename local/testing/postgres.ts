import { chown, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { run } from "../command.ts";
import { cacheFolder } from "../paths.ts";
import { debianTree, fileOf } from "../toolchain/debian.ts";
import { until } from "../wait.ts";
import { freePorts } from "./free-ports.ts";
import { startServer, type ServerProcess, userSwitch } from "./server-process.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary.ts";

/** Packages of the database server; the image of the clusters is made of the same. */
export const POSTGRES_PACKAGES = ["postgresql-15", "postgresql-client-15"] as const;

export interface PostgresOptions {
  /** Settings as in postgresql.conf, as `{ synchronous_commit: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files (PEM) for TLS. With `authority` the server asks clients for a certificate. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authority?: string };
  /** Lines of pg_hba.conf instead of "everybody from this machine, without a password". */
  readonly access?: readonly string[];
}

/** A real Postgres 15 on a free loopback port, over a data folder of its own. */
export interface PostgresServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Of the superuser, database "postgres". */
  readonly url: string;
  /** Data folder, for tests that look at files or change the configuration. */
  readonly data: string;
  /** Folder with `pg_basebackup`, `pg_rewind`, `psql`, …; needs {@link environment}. */
  readonly programs: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The user that programs which touch the data folder must run as; undefined: the present one. */
  readonly uid: number | undefined;
  /** Creates an empty database, or a copy of `template`. @returns its URL. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Sends a signal to the postmaster: SIGSTOP freezes only it, not its children. */
  signal(name: NodeJS.Signals): void;
  /** Kills the server (as a power cut does) and starts it again over the same data. */
  restart(): Promise<void>;
  /** Ends the server at once and removes its data. Safe to repeat. */
  stop(): Promise<void>;
}

/** Durability costs seconds in a test and a killed machine is no case there; who tests it sets `fsync` on. */
const DEFAULTS = {
  fsync: "off",
  full_page_writes: "off",
  jit: "off",
  max_connections: "100",
  shared_buffers: "32MB",
};

/**
 * Starts Postgres from the cached Debian packages in about two seconds; the first call on a machine fetches them.
 *
 * @throws Error with the end of its log when it does not answer within 20 s.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const tree = await debianTree(cacheFolder(process.env), POSTGRES_PACKAGES);
  const programs = fileOf(tree, "usr/lib/postgresql/15/bin");
  const environment = { LD_LIBRARY_PATH: tree.libraries, LC_ALL: "C.UTF-8", TZ: "UTC" };
  const folder = await temporaryFolder("postgres");
  const data = join(folder.path, "data");
  const [port = 0] = await freePorts(1);
  const asUser = [...userSwitch(folder.uid)];
  const flags = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
  const host = "127.0.0.1";
  const url = (database: string) => `postgres://postgres@${host}:${port}/${database}`;
  let server: ServerProcess | undefined;
  const start = async () => {
    const log = join(folder.path, "log");
    server = await startServer(join(programs, "postgres"), ["-D", data], {
      env: environment,
      uid: folder.uid,
      log,
    });
    await accepting(server, data, port);
  };
  const stop = async () => {
    await server?.kill();
    await folder.remove();
  };
  try {
    const initdb = [...asUser, join(programs, "initdb"), `--pgdata=${data}`, ...flags];
    await run("setpriv", ["--pdeathsig=KILL", ...initdb], { env: environment });
    await configure(folder, data, port, options);
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host,
    port,
    url: url("postgres"),
    data,
    programs,
    environment,
    uid: folder.uid,
    async createDatabase(name, template) {
      const client = new pg.Client({ connectionString: url("postgres") });
      await client.connect();
      try {
        const from = template === undefined ? "" : ` template ${pg.escapeIdentifier(template)}`;
        await client.query(`create database ${pg.escapeIdentifier(name)}${from}`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    signal: (name) => server?.signal(name),
    async restart() {
      await server?.kill();
      // The children of a killed postmaster hold its shared memory until they notice, and the next one refuses to start beside them.
      await until(() => start().then(() => true), {
        timeout: 20_000,
        every: 200,
        what: "Postgres to start again",
      });
    },
    stop,
  };
}

async function configure(
  folder: TemporaryFolder,
  data: string,
  port: number,
  options: PostgresOptions,
): Promise<void> {
  const tls: Record<string, string> = {};
  for (const [name, file] of Object.entries(options.tls ?? {})) {
    const copy = join(folder.path, `tls-${name}.pem`);
    await copyFile(file, copy);
    // Postgres refuses a key that others may read or that is not its user's.
    await run("chmod", ["600", copy]);
    if (folder.uid !== undefined) await chown(copy, folder.uid, folder.uid);
    tls[{ certificate: "ssl_cert_file", key: "ssl_key_file", authority: "ssl_ca_file" }[name] ?? name] = copy;
  }
  const settings: Record<string, string> = {
    ...DEFAULTS,
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder.path,
    ...(options.tls === undefined ? {} : { ssl: "on", ...tls }),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const access = options.access ?? [
    "local all all trust",
    "host all all 127.0.0.1/32 trust",
    "local replication all trust",
    "host replication all 127.0.0.1/32 trust",
  ];
  await writeFile(join(data, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
  await writeFile(join(data, "pg_hba.conf"), `${access.join("\n")}\n`);
}

/** Waits for what the postmaster writes into its pid file when it takes connections: works with every pg_hba.conf. */
async function accepting(server: ServerProcess, data: string, port: number): Promise<void> {
  const what = `Postgres on port ${port}`;
  try {
    const exit = await until(
      async () => {
        const ended = server.exited();
        if (ended !== undefined) return { ended };
        const pidFile = (await readFile(join(data, "postmaster.pid"), "utf8")).split("\n");
        // The file of a killed postmaster stays, and says "ready" as well.
        return pidFile[0] === String(server.pid) && pidFile[7]?.trim() === "ready" ? { ended } : undefined;
      },
      { timeout: 20_000, every: 20, what },
    );
    if (exit.ended !== undefined) throw new Error(`${what} ${exit.ended}`);
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${await server.log()}`, {
      cause,
    });
  }
}
