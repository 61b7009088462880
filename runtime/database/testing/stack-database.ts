import { join } from "node:path";
import { chown, mkdir, readdir } from "node:fs/promises";
import { cacheFolder } from "../../../local/paths.ts";
import { POSTGRES_PACKAGES } from "../../../local/testing/postgres.ts";
import { freePorts } from "../../../local/testing/free-ports.ts";
import { userSwitch } from "../../../local/testing/server-process.ts";
import { keptFolder, temporaryFolder } from "../../../local/testing/temporary.ts";
import { debianTree, fileOf } from "../../../local/toolchain/debian.ts";
import type { DatabaseConfig } from "../../service/config.ts";
import { createLog } from "../../service/logger.ts";
import { startAgent, type Agent } from "../agent.ts";
import { applyMigrations } from "../apply.ts";
import type { PostgresConfig } from "../config.ts";
import { login } from "../login.ts";
import { readMigrations } from "../migrations.ts";
import type { Programs } from "../program.ts";
import { SCHEMAS, type LoginRole } from "../roles.ts";
import { testAuthority, type TestAuthority } from "../../service/testing/authority.ts";
import { dataFolder } from "../volume.ts";
import { copyOfFirst } from "./first-volume.ts";
import { identityOf, issue, type RenewableIdentity } from "./renewable-identity.ts";

/** Namespace of the stack the tests play. */
export const TEST_NAMESPACE = "stack-test";

/** A stack's database as in a cluster: the real agent over a real Postgres, real certificates, real roles. */
export interface StackDatabase {
  /** Where services connect. */
  readonly database: DatabaseConfig;
  readonly config: PostgresConfig;
  readonly authority: TestAuthority;
  /** The server's own. */
  readonly serverIdentity: RenewableIdentity;
  readonly agent: Agent;
  /** A service's identity in the test's namespace. */
  identity(service: string): Promise<RenewableIdentity>;
  /** Ends the server and starts it again over the same volume, once something is done meanwhile, with other settings if told. */
  restart(meanwhile?: () => Promise<void>, other?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends the server and removes its volume. */
  stop(): Promise<void>;
}

/** Durability costs seconds in a test and no test cuts the power. */
const UNSAFE = { fsync: "off", full_page_writes: "off", shared_buffers: "16MB" };
const FAST = { ...UNSAFE, synchronous_commit: "off" };
/** Of a primary and its replicas: what is committed is in the log, as in a stack. */
export const REPLICATING = UNSAFE;

/** A volume and the programs for it; removed by `remove`. */
export interface TestVolume {
  readonly path: string;
  readonly programs: Programs;
  readonly handOver: (folder: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/**
 * A volume that Postgres may write even when the test runs as root.
 *
 * @param kept folder that it is in, and that stays; an empty one of its own unless told.
 */
export async function testVolume(kept?: string): Promise<TestVolume> {
  const tree = await debianTree(cacheFolder(process.env), POSTGRES_PACKAGES);
  const folder = kept === undefined ? await temporaryFolder("stack-database") : await keptFolder(kept);
  const { path, uid } = folder;
  const launcher = uid === undefined ? [] : ["setpriv", "--pdeathsig=KILL", ...userSwitch(uid)];
  return {
    path,
    programs: {
      folder: fileOf(tree, "usr/lib/postgresql/15/bin"),
      launcher,
      env: { LD_LIBRARY_PATH: tree.libraries, LC_ALL: "C.UTF-8" },
    },
    handOver: async (written) => {
      if (uid === undefined) return;
      await chown(written, uid, uid);
      for (const name of await readdir(written)) await chown(join(written, name), uid, uid);
    },
    remove: () => folder.remove(),
  };
}

/**
 * Starts it and brings every service's schema up to its files.
 *
 * In a test run the first one is kept as a volume, and the others start over copies of it: agent and migrations find
 * nothing to do there.
 *
 * @param settings of the server; by default those that make tests fast and disks unsafe.
 * @param kept folder of its volume, which outlives it; one that is removed unless told.
 */
export async function startStackDatabase(
  settings: Readonly<Record<string, string>> = FAST,
  kept?: string,
): Promise<StackDatabase> {
  const volume = await testVolume(kept);
  if (kept !== undefined) return startOver(volume, settings);
  await copyOfFirst(dataFolder(volume.path), async () => {
    const first = await testVolume();
    const stack = await startOver(first, FAST);
    await stack.agent.stop();
    return { data: dataFolder(first.path), remove: first.remove };
  });
  return startOver(volume, settings);
}

async function startOver(
  volume: TestVolume,
  settings: Readonly<Record<string, string>>,
): Promise<StackDatabase> {
  const authority = await testAuthority("test service CA");
  const [port = 0] = await freePorts(1);
  const config = testConfig(volume.path, port);
  const serverIdentity = identityOf(await issue(authority, `postgres.${TEST_NAMESPACE}`));
  const identity = async (service: string): Promise<RenewableIdentity> =>
    identityOf(await issue(authority, `${service}.${TEST_NAMESPACE}`));
  const run = join(volume.path, "run");
  await mkdir(run, { recursive: true, mode: 0o700 });
  const start = (other: Readonly<Record<string, string>> = {}): Promise<Agent> =>
    startAgent({
      config,
      identity: serverIdentity,
      log: createLog("postgres", { level: "warn" }),
      programs: volume.programs,
      folder: run,
      settings: { ...settings, ...other },
      handOver: volume.handOver,
      signal: new AbortController().signal,
    });
  const agent = await start();
  let running = agent;
  const migrator = await login({
    database: config.database,
    role: "migrator",
    identity: await identity("migrator"),
  });
  for (const schema of SCHEMAS) {
    const files = await readMigrations(join(import.meta.dirname, "../..", schema, "sql"));
    await applyMigrations(migrator, schema, files);
  }
  await migrator.end();
  return {
    database: config.database,
    config,
    authority,
    serverIdentity,
    agent,
    identity,
    async restart(meanwhile, other) {
      await running.stop();
      await meanwhile?.();
      running = await start(other);
    },
    async stop() {
      await running.stop();
      await volume.remove();
    },
  };
}

/** A stack's configuration over a volume, for tests. */
export function testConfig(volume: string, port: number): PostgresConfig {
  return {
    group: "test",
    region: "test",
    country: "KE",
    environment: "sandbox",
    namespace: TEST_NAMESPACE,
    hosts: { api: "api.test", auth: "auth.test", mtlsAuth: "mtls.test" },
    trust: { keys: [{ kid: "test", kty: "OKP", crv: "Ed25519", x: "A".repeat(43) }] },
    // Fewer than any pod has: who takes a second one while it holds one waits for itself, and fails.
    database: { host: "localhost", port, name: "wekeza", poolSize: 1 },
    volume,
  };
}

/** Runs statements as a role, over the network as a service does. */
export async function asRole<T>(
  stack: StackDatabase,
  role: LoginRole,
  use: (
    query: (sql: string, values?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>,
  ) => Promise<T>,
): Promise<T> {
  const client = await login({ database: stack.database, role, identity: await stack.identity(role) });
  try {
    return await use(
      async (sql, values = []) => (await client.query<Record<string, unknown>>(sql, [...values])).rows,
    );
  } finally {
    await client.end();
  }
}
