import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceIdentity } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import { answers, bootstrap, type LocalSocket } from "./bootstrap.ts";
import type { PostgresConfig } from "./config.ts";
import { writeIdentity } from "./identity-files.ts";
import { passOverDeadServer } from "./lock-file.ts";
import { Postmaster } from "./postmaster.ts";
import type { Programs } from "./program.ts";
import { settingsFiles } from "./settings.ts";
import { dataFolder, ensureCluster } from "./volume.ts";

/** What the agent works with. */
export interface AgentOptions {
  readonly config: PostgresConfig;
  readonly identity: ServiceIdentity;
  readonly log: Log;
  readonly programs: Programs;
  /** Folder of socket, settings and TLS files; made if absent, for this user alone. */
  readonly folder: string;
  /** Further lines of postgresql.conf; for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lets another user read what the agent wrote; for tests in which Postgres runs as another user. */
  readonly handOver?: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A Postgres that is up, and its keeper. */
export interface Agent {
  readonly socket: LocalSocket;
  /** Undefined while the server answers, else what is wrong. */
  problem(): string | undefined;
  /** Resolves when the server has ended, with how. */
  readonly ended: Promise<string>;
  /** Fast shutdown of the server. */
  stop(): Promise<void>;
}

/** How often the server is asked whether it answers, in ms. */
const LOOK_MS = 1_000;

/**
 * Brings Postgres up on its volume and keeps it: a cluster if there is none, this version's settings, the present
 * certificate, the server as a child, then database, roles, schemas and rights.
 *
 * Renewed certificates are handed to the server without a restart. What the volume holds is never removed.
 *
 * @throws Error when the cluster cannot be made, or the server ends before it answers; recovery after a crash may take
 *   as long as it needs.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, identity, log, programs, folder, signal } = options;
  const socket: LocalSocket = { folder, port: config.database.port };
  const handOver = options.handOver ?? (() => Promise.resolve());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeSettings(options);
  await writeIdentity(folder, identity.current());
  await handOver(folder);
  if (await ensureCluster(config.volume, programs)) log.info({ volume: config.volume }, "cluster made");

  const data = dataFolder(config.volume);
  for (const lockFile of [join(data, "postmaster.pid"), join(folder, `.s.PGSQL.${socket.port}.lock`)]) {
    const server = await passOverDeadServer(lockFile, data);
    if (server !== undefined) log.warn({ lockFile, server }, "the last server was killed");
  }

  const postmaster = new Postmaster({
    programs,
    data,
    configFile: join(folder, "postgresql.conf"),
    onLine: (line) => log.info({ line }, "postgres"),
  });
  const unsubscribe = identity.onChange(() => {
    writeIdentity(folder, identity.current())
      .then(() => handOver(folder))
      .then(() => {
        postmaster.reload();
        log.info("certificate handed to postgres");
      })
      .catch((error: unknown) => log.error({ err: error }, "certificate not handed to postgres"));
  });
  try {
    while (!(await answers(socket))) {
      signal.throwIfAborted();
      if (postmaster.end !== undefined)
        throw new Error(`Postgres ended (${postmaster.end}) before it answered.`);
      await delay(100, undefined, { signal });
    }
    await bootstrap(socket, config.database.name);
  } catch (error) {
    unsubscribe();
    await postmaster.stop();
    throw error;
  }

  let problem: string | undefined;
  const timer = setInterval(() => {
    answers(socket, config.database.name).then(
      (fine) => (problem = fine ? undefined : "does not answer on the local socket"),
      () => undefined,
    );
  }, LOOK_MS);
  return {
    socket,
    problem: () => (postmaster.end === undefined ? problem : `ended: ${postmaster.end}`),
    ended: postmaster.ended,
    async stop() {
      clearInterval(timer);
      unsubscribe();
      await postmaster.stop();
    },
  };
}

async function writeSettings({ config, folder, settings }: AgentOptions): Promise<void> {
  const files = settingsFiles({
    database: config.database.name,
    port: config.database.port,
    namespace: config.namespace,
    folder,
    user: userInfo().username,
    ...(settings === undefined ? {} : { extra: settings }),
  });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
}
