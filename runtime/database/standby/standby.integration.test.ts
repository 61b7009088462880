import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../local/wait.ts";
import { createLog } from "../../service/logger.ts";
import { asSuperuser } from "../bootstrap.ts";
import { MAX_CONNECTIONS } from "../config.ts";
import { login } from "../login.ts";
import { askPrimary } from "./primary.ts";
import {
  asRole,
  REPLICATING,
  startStackDatabase,
  testVolume,
  type StackDatabase,
} from "../testing/stack-database.ts";
import { replicaOf, SLOT, type StackReplica } from "../testing/stack-replica.ts";
import { dataFolder, ensureCluster } from "../volume.ts";
import { ensureCopy } from "./copy.ts";

let stack: StackDatabase;
let replica: StackReplica;
beforeAll(async () => {
  stack = await startStackDatabase(REPLICATING);
  replica = await replicaOf(stack);
  await replica.start();
}, 120_000);
afterAll(async () => {
  await replica?.stop();
  await stack?.stop();
});

const PATIENCE_MS = 60_000;
const onPrimary = (sql: string) =>
  asSuperuser(stack.agent.socket, stack.database.name, (client) => client.query(sql));
const standby = () => ({ primary: { host: "localhost", port: stack.database.port }, slot: SLOT });

/** Writes on the primary, and waits until the replica has it and says that it is well. */
async function follows(): Promise<void> {
  await onPrimary("create table if not exists public.marks (id bigint generated always as identity)");
  const { rows } = await onPrimary("insert into public.marks default values returning id");
  const { id } = rows[0] as { readonly id: string };
  await until(
    async () =>
      (await replica.query(`select 1 from public.marks where id = ${id}`).catch(() => [])).length === 1 &&
      replica.agent().problem() === undefined,
    { timeout: PATIENCE_MS, what: "the replica to follow" },
  );
}

/** Starts the agent as Kubernetes does: again and again, as children of a killed server go only after a while. */
async function startAgain(): Promise<void> {
  const start = () =>
    replica.start().then(
      () => true,
      () => false,
    );
  await until(start, { timeout: PATIENCE_MS, what: "the replica to start" });
}

/** A file in its data folder, that no copy of the primary has. */
const mine = () => join(dataFolder(replica.volume), "mine");
const isSameCopy = () =>
  rm(mine()).then(
    () => true,
    () => false,
  );

test("a replica copies its primary, follows it and is written to by nobody", async () => {
  await follows();
  const client = await login({
    database: replica.database,
    role: "banking",
    identity: await stack.identity("banking"),
  });
  onTestFinished(() => client.end());
  await expect(client.query("select count(*) from banking.accounts")).resolves.toBeDefined();
  await expect(client.query("delete from banking.outbox")).rejects.toThrow(/read-only transaction/);
});

describe("nobody gets in", () => {
  test.each(["consent", "oauth", "migrator", "banking_partner"] as const)(
    "to a replica but banking: not %s",
    async (role) => {
      const service = role === "banking_partner" ? "banking" : role;
      const identity = await stack.identity(service);
      const attempt = login({ database: replica.database, role: role as "banking", identity });
      await expect(attempt).rejects.toThrow(/no pg_hba.conf entry|certificate authentication failed/);
    },
  );

  test.each(["banking", "migrator"])(
    "to the log of a primary with the certificate of %s",
    async (service) => {
      await expect(askPrimary(standby(), await stack.identity(service))).rejects.toThrow(
        /certificate authentication failed/,
      );
    },
  );

  test("to the data of a primary with the certificate of a replica, as itself or as another", async () => {
    const identity = await stack.identity("postgres-read");
    for (const role of ["postgres_read", "banking"])
      await expect(login({ database: stack.database, role: role as "banking", identity })).rejects.toThrow(
        /no pg_hba.conf entry|certificate authentication failed/,
      );
  });
});

test("a replica whose server is killed goes on with the copy it has", async () => {
  await follows();
  await writeFile(mine(), "");
  await replica.kill();
  expect(replica.agent().problem()).toMatch("ended");
  await startAgain();
  await follows();
  await expect(isSameCopy()).resolves.toBe(true);
});

test("a replica waits for a primary that is away, says so, and goes on with the copy it has", async () => {
  await follows();
  await writeFile(mine(), "");
  await stack.restart(async () => {
    await until(async () => replica.agent().problem() === "does not stream from its primary", {
      timeout: PATIENCE_MS,
      what: "the replica to miss its primary",
    });
  });
  await follows();
  await expect(isSameCopy()).resolves.toBe(true);
});

test("a replica follows a primary that lets in more connections than it, and fewer again, with the copy it has", async () => {
  const letIn = async () => (await replica.query("show max_connections"))[0];
  const more = String(MAX_CONNECTIONS + 50);
  await follows();
  await writeFile(mine(), "");
  await stack.restart(undefined, { max_connections: more });
  await replica.agent().ended;
  await startAgain();
  await follows();
  expect(await letIn()).toEqual({ max_connections: more });
  // Not yet told of it, as when both are replaced at once by what was there before.
  await replica.agent().stop();
  await stack.restart();
  await startAgain();
  await follows();
  expect(await letIn()).toEqual({ max_connections: more });
  await startAgain();
  await follows();
  expect(await letIn()).toEqual({ max_connections: String(MAX_CONNECTIONS) });
  await expect(isSameCopy()).resolves.toBe(true);
}, 180_000);

test("a replica whose replaying a person pauses stands still until it is resumed", async () => {
  await follows();
  // Its agent alone asks anything there.
  const looks = async () =>
    Number(
      (await replica.query("select xact_commit from pg_stat_database where datname = 'postgres'"))[0]?.[
        "xact_commit"
      ],
    );
  await replica.query("select pg_wal_replay_pause()");
  const before = await looks();
  await until(async () => (await looks()) > before + 4, {
    timeout: PATIENCE_MS,
    what: "the agent to look at it",
  });
  expect(await replica.query("select pg_is_wal_replay_paused() as paused")).toEqual([{ paused: true }]);
  await replica.query("select pg_wal_replay_resume()");
  await follows();
});

test("a replica that its primary has forgotten ends, and copies it anew", async () => {
  await follows();
  await writeFile(mine(), "");
  // The replica may come back between the two, and its slot cannot be dropped while it is there.
  const drop = async (): Promise<boolean> => {
    await onPrimary(
      `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${SLOT}'`,
    );
    await onPrimary(`select pg_drop_replication_slot('${SLOT}')`);
    return true;
  };
  await until(() => drop().catch(() => false), {
    timeout: PATIENCE_MS,
    every: 5,
    what: "the slot to be dropped",
  });
  await replica.agent().ended;
  await startAgain();
  await follows();
  await expect(isSameCopy()).resolves.toBe(false);
});

test("a database of its own is no replica's, and is left alone", async () => {
  const volume = await testVolume();
  onTestFinished(volume.remove);
  await ensureCluster(volume.path, volume.programs);
  const copying = ensureCopy({
    volume: volume.path,
    programs: volume.programs,
    standby: standby(),
    identity: await stack.identity("postgres-read"),
    folder: volume.path,
    log: createLog("postgres-read", { level: "silent" }),
    signal: new AbortController().signal,
  });
  await expect(copying).rejects.toThrow(/no read replica's copy/);
  await expect(ensureCluster(volume.path, volume.programs)).resolves.toBe(false);
});

test("the rights of a replica's role are those to replicate", async () => {
  const rights = await asRole(stack, "migrator", (query) =>
    query(`select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
    has_database_privilege(rolname, current_database(), 'connect') as connects from pg_roles where rolname = 'postgres_read'`),
  );
  expect(rights).toEqual([
    {
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: true,
      rolbypassrls: false,
      connects: false,
    },
  ]);
});
