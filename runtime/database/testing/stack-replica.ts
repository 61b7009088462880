import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "../../../local/testing/free-ports.ts";
import type { DatabaseConfig } from "../../service/config.ts";
import { createLog } from "../../service/logger.ts";
import { startAgent, type Agent } from "../agent.ts";
import { asSuperuser } from "../bootstrap.ts";
import { STANDBY } from "../roles.ts";
import { dataFolder } from "../volume.ts";
import { REPLICATING, testConfig, testVolume, type StackDatabase } from "./stack-database.ts";

/** A read replica of a stack's database, with a volume of its own: the real agent over a real Postgres. */
export interface StackReplica {
  /** Where services connect. */
  readonly database: DatabaseConfig;
  /** Its volume. */
  readonly volume: string;
  /** The agent that was started last. */
  agent(): Agent;
  /** Starts an agent over the volume, in place of the one before. */
  start(): Promise<Agent>;
  /** Runs a statement as superuser. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Kills the server, as a machine does that runs out of memory; returns when its agent has noticed. */
  kill(): Promise<void>;
  /** Ends it and removes its volume. */
  stop(): Promise<void>;
}

/** Under which the primary knows the tests' replica. */
export const SLOT = "postgres_read_0";

/** A replica that is not started yet. */
export async function replicaOf(stack: StackDatabase): Promise<StackReplica> {
  const volume = await testVolume();
  const [port = 0] = await freePorts(1);
  const config = testConfig(volume.path, port);
  const run = join(volume.path, "run");
  await mkdir(run, { mode: 0o700 });
  const identity = await stack.identity(STANDBY.service);
  const { host } = stack.database;
  let agent: Agent | undefined;
  const running = (): Agent => {
    if (agent === undefined) throw new Error("The replica was not started.");
    return agent;
  };
  return {
    database: config.database,
    volume: volume.path,
    agent: running,
    async start() {
      await agent?.stop();
      agent = await startAgent({
        config,
        identity,
        log: createLog("postgres-read", { level: "error" }),
        programs: volume.programs,
        folder: run,
        standby: { primary: { host, port: stack.database.port }, slot: SLOT },
        settings: REPLICATING,
        handOver: volume.handOver,
        signal: new AbortController().signal,
      });
      return agent;
    },
    query: (sql) =>
      asSuperuser(
        running().socket,
        config.database.name,
        async (client) => (await client.query<Record<string, unknown>>(sql)).rows,
      ),
    async kill() {
      const lockFile = await readFile(join(dataFolder(volume.path), "postmaster.pid"), "utf8");
      process.kill(Number(lockFile.split("\n", 1)[0]), "SIGKILL");
      await running().ended;
      await running().stop();
    },
    async stop() {
      await agent?.stop();
      await volume.remove();
    },
  };
}
