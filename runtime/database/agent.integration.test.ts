import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePorts } from "../../local/testing/free-ports.ts";
import { until } from "../../local/wait.ts";
import { writeIdentity } from "./identity-files.ts";
import { passOverDeadServer } from "./lock-file.ts";
import { login } from "./login.ts";
import { testAuthority } from "../service/testing/authority.ts";
import { identityOf, issue } from "./testing/renewable-identity.ts";
import {
  startStackDatabase,
  TEST_NAMESPACE,
  testConfig,
  testVolume,
  type StackDatabase,
} from "./testing/stack-database.ts";
import { dataFolder, ensureCluster } from "./volume.ts";

/** Opens TLS as Postgres wants it: an SSLRequest first (protocol 3.0 section 55.2.11). */
async function tlsTo(
  port: number,
  options: { readonly ca: string; readonly maxVersion?: "TLSv1.2" },
): Promise<TLSSocket> {
  const socket = connect(port, "localhost");
  await once(socket, "connect");
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  await once(socket, "data");
  const tls = connectTls({ socket, servername: "localhost", ...options });
  await once(tls, "secureConnect");
  return tls;
}

describe("TLS of the server", () => {
  let stack: StackDatabase;
  beforeAll(async () => {
    stack = await startStackDatabase();
  });
  afterAll(() => stack.stop());

  test("is 1.3 or nothing", async () => {
    const { ca } = stack.authority;
    const tls = await tlsTo(stack.database.port, { ca });
    expect(tls.getProtocol()).toBe("TLSv1.3");
    tls.destroy();
    await expect(tlsTo(stack.database.port, { ca, maxVersion: "TLSv1.2" })).rejects.toThrow(
      /protocol version/,
    );
  });

  test("shows a renewed certificate to new connections and keeps the old ones", async () => {
    const { database, authority } = stack;
    const identity = await stack.identity("consent");
    const old = await login({ database, role: "consent", identity });
    onTestFinished(() => old.end());
    stack.serverIdentity.renew(await issue(authority, "renewed"));
    await until(
      async () => {
        const tls = await tlsTo(database.port, { ca: authority.ca });
        const name = tls.getPeerCertificate().subject.CN;
        tls.destroy();
        return name === "renewed";
      },
      { timeout: 10_000, what: "the renewed certificate" },
    );
    await expect(old.query("select 1 as one")).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });
});

describe("the volume", () => {
  test("of something that is no cluster is refused and left alone", async () => {
    const volume = await testVolume();
    onTestFinished(volume.remove);
    await mkdir(join(volume.path, "data"));
    await writeFile(join(volume.path, "data/photos.tar"), "precious");
    await expect(ensureCluster(volume.path, volume.programs)).rejects.toThrow("is no database cluster");
    await expect(readFile(join(volume.path, "data/photos.tar"), "utf8")).resolves.toBe("precious");
  });

  test("with a cluster cut short gets a whole one, keeps it, and keeps it closed to others", async () => {
    const volume = await testVolume();
    onTestFinished(volume.remove);
    await mkdir(join(volume.path, "data.new"));
    await writeFile(join(volume.path, "data.new/PG_VERSION"), "15");
    await expect(ensureCluster(volume.path, volume.programs)).resolves.toBe(true);
    await chmod(dataFolder(volume.path), 0o2770);
    await expect(ensureCluster(volume.path, volume.programs)).resolves.toBe(false);
    expect((await stat(dataFolder(volume.path))).mode & 0o777).toBe(0o700);
  });
});

describe("the lock file of a server", () => {
  test("that works in its folder stays; that of anybody else gets the agent's number", async () => {
    const volume = await testVolume();
    onTestFinished(volume.remove);
    const lockFile = join(volume.path, "postmaster.pid");
    const written = async (text: string, agent: number): Promise<string> => {
      await writeFile(lockFile, text);
      await passOverDeadServer(lockFile, volume.path, agent);
      return readFile(lockFile, "utf8");
    };
    const server = spawn("sleep", ["600"], { cwd: volume.path, stdio: "ignore" });
    onTestFinished(() => void server.kill());
    await once(server, "spawn");
    await expect(written(`${server.pid}\n${volume.path}\n5432`, 7)).resolves.toBe(
      `${server.pid}\n${volume.path}\n5432`,
    );
    await expect(written(`${process.pid}\n${volume.path}\n5432`, 7)).resolves.toBe(`7\n${volume.path}\n5432`);
    await expect(written("", 7)).resolves.toBe("7");
    await expect(passOverDeadServer(join(volume.path, "none"), volume.path)).resolves.toBeUndefined();
  });
});

describe("the process", () => {
  test("keeps what was committed over a stop and a crash, and ends badly when Postgres does", async () => {
    const volume = await testVolume();
    onTestFinished(volume.remove);
    const authority = await testAuthority("test service CA");
    const [port = 0, health = 0] = await freePorts(2);
    const identities = join(volume.path, "identity");
    await mkdir(identities);
    await writeIdentity(identities, await issue(authority, `postgres.${TEST_NAMESPACE}`));
    const config = testConfig(join(volume.path, "volume"), port);
    await mkdir(config.volume);
    await writeFile(join(volume.path, "config.json"), JSON.stringify(config));
    await volume.handOver(volume.path);
    await volume.handOver(identities);

    const start = async (): Promise<{ readonly agent: ChildProcess; readonly exit: Promise<unknown> }> => {
      const [program, ...args] = [
        ...(volume.programs.launcher ?? []),
        process.execPath,
        join(import.meta.dirname, "main.ts"),
      ];
      const agent = spawn(program ?? process.execPath, args, {
        stdio: ["ignore", "ignore", "inherit"],
        env: {
          ...process.env,
          ...volume.programs.env,
          LOG_LEVEL: "warn",
          WEKEZA_CONFIG: join(volume.path, "config.json"),
          WEKEZA_IDENTITY_DIR: identities,
          WEKEZA_POSTGRES_PROGRAMS: volume.programs.folder,
          WEKEZA_POSTGRES_RUN: join(volume.path, "run"),
          WEKEZA_HEALTH_PORT: String(health),
          WEKEZA_DRAIN_MS: "0",
        },
      });
      const exit = once(agent, "exit").then(([status]) => status as unknown);
      await until(async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok, {
        timeout: 60_000,
        what: "the agent to be ready",
      });
      return { agent, exit };
    };
    const identity = identityOf(await issue(authority, `banking.${TEST_NAMESPACE}`));
    const asMigrator = identityOf(await issue(authority, `migrator.${TEST_NAMESPACE}`));
    const rows = async (): Promise<unknown> => {
      const client = await login({ database: config.database, role: "banking", identity });
      try {
        return (await client.query("select * from kept")).rows;
      } finally {
        await client.end();
      }
    };

    const first = await start();
    const migrator = await login({ database: config.database, role: "migrator", identity: asMigrator });
    await migrator.query("set role banking_owner");
    await migrator.query("create table banking.kept as select 'safe' as word");
    await migrator.end();
    first.agent.kill("SIGTERM");
    await expect(first.exit).resolves.toBe(0);
    await expect(readFile(join(config.volume, "data/postmaster.pid"))).rejects.toThrow("ENOENT");

    const second = await start();
    await expect(rows()).resolves.toEqual([{ word: "safe" }]);
    const postmaster = Number(
      (await readFile(join(config.volume, "data/postmaster.pid"), "utf8")).split("\n")[0],
    );
    process.kill(postmaster, "SIGKILL");
    await expect(second.exit).resolves.toBe(1);

    // As in a new container, where a thread of the agent has the number of the server that was killed.
    const [program, ...args] = [...(volume.programs.launcher ?? []), "sleep", "600"];
    const other = spawn(program ?? "sleep", args, { stdio: "ignore" });
    onTestFinished(() => void other.kill());
    for (const lockFile of [
      join(config.volume, "data/postmaster.pid"),
      join(volume.path, `run/.s.PGSQL.${port}.lock`),
    ]) {
      const [, ...rest] = (await readFile(lockFile, "utf8")).split("\n");
      await writeFile(lockFile, [other.pid, ...rest].join("\n"));
    }
    const third = await start();
    await expect(rows()).resolves.toEqual([{ word: "safe" }]);
    third.agent.kill("SIGTERM");
    await expect(third.exit).resolves.toBe(0);
  }, 180_000);
});
