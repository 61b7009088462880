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
import type { StandbyOf } from "./standby/connection.ts";
import { connectionsOfPrimary } from "./standby/connections.ts";
import { abandonCopy, ensureCopy } from "./standby/copy.ts";
import { watchFollowing } from "./standby/following.ts";
import { dataFolder, ensureCluster } from "./volume.ts";

/** What the agent works with. */
export interface AgentOptions {
  readonly config: PostgresConfig;
  readonly identity: ServiceIdentity;
  readonly log: Log;
  readonly programs: Programs;
  /** Folder of socket, settings and TLS files; made if absent, for this user alone. */
  readonly folder: string;
  /** Of whom it is a read replica; absent: it is the primary. */
  readonly standby?: StandbyOf | undefined;
  /** Further lines of postgresql.conf; for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lets another user read what the agent wrote; for tests in which Postgres runs as another user. */
  readonly handOver?: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A Postgres that is up, and its keeper. */
export interface Agent {
  readonly socket: LocalSocket;
  /** Undefined while the server answers, and follows its primary if it has one; else what is wrong. */
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
 * A read replica gets a copy of its primary instead, and what is in it from there. It ends when only a new copy helps, or settings
 * like its primary's, which the next start makes.
 *
 * Renewed certificates are handed to the server without a restart. What a primary's volume holds is never removed.
 *
 * @throws Error when the cluster cannot be made, or the server ends before it answers; recovery after a crash may take
 *   as long as it needs.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, identity, log, programs, folder, standby, signal } = options;
  const { volume } = config;
  const socket: LocalSocket = { folder, port: config.database.port };
  const handOver = options.handOver ?? (() => Promise.resolve());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeIdentity(folder, identity.current());
  await handOver(folder);
  const made = standby
    ? ensureCopy({ volume, programs, standby, identity, folder, log, signal })
    : ensureCluster(volume, programs);
  if (await made) log.info({ volume }, standby ? "primary copied" : "cluster made");

  const data = dataFolder(volume);
  await writeSettings(options, standby && (await connectionsOfPrimary(programs, data)));
  await handOver(folder);
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
  const following =
    standby && watchFollowing({ socket, data, programs, standby, identity, clock: () => performance.now() });
  /** Ends a replica that does not follow again as it is. */
  const follow = async (): Promise<void> => {
    const { why, copyAnew } = (await following?.look()) ?? {};
    if (why === undefined) return;
    log.error({ why }, copyAnew ? "a new copy of the primary is needed" : "the replica has to start again");
    if (copyAnew) await abandonCopy(volume, why);
    await postmaster.stop();
  };
  try {
    let lookAt = 0;
    while (!(await answers(socket))) {
      signal.throwIfAborted();
      if (postmaster.end !== undefined)
        throw new Error(`Postgres ended (${postmaster.end}) before it answered.`);
      if (performance.now() >= lookAt) {
        await follow();
        lookAt = performance.now() + LOOK_MS;
      }
      await delay(100, undefined, { signal });
    }
    if (standby === undefined) await bootstrap(socket, config.database.name);
  } catch (error) {
    unsubscribe();
    await postmaster.stop();
    throw error;
  }

  let problem: string | undefined;
  const look = async (): Promise<void> => {
    const fine = await answers(socket, config.database.name);
    problem = fine ? undefined : "does not answer on the local socket";
    await follow();
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => log.error({ err: error }, "the server cannot be looked at"))
      .finally(() => (looking = undefined));
  }, LOOK_MS);
  return {
    socket,
    problem: () =>
      postmaster.end === undefined ? (problem ?? following?.problem()) : `ended: ${postmaster.end}`,
    ended: postmaster.ended,
    async stop() {
      clearInterval(timer);
      unsubscribe();
      await looking;
      await postmaster.stop();
    },
  };
}

async function writeSettings(
  { config, folder, standby, settings }: AgentOptions,
  connections: number | undefined,
): Promise<void> {
  const files = settingsFiles({
    database: config.database.name,
    port: config.database.port,
    namespace: config.namespace,
    folder,
    user: userInfo().username,
    ...(standby ? { standby } : {}),
    ...(connections === undefined ? {} : { connections }),
    ...(settings === undefined ? {} : { extra: settings }),
  });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
}
