import { connect } from "node:net";
import { join } from "node:path";
import { cacheFolder } from "../paths.ts";
import { debianTree, fileOf } from "../toolchain/debian.ts";
import { until } from "../wait.ts";
import { freePorts } from "./free-ports.ts";
import { startServer, type ServerProcess } from "./server-process.ts";
import { temporaryFolder } from "./temporary.ts";

/** Packages of the cache server; the image of the clusters is made of the same. */
export const REDIS_PACKAGES = ["redis-server", "redis-tools"] as const;

export interface RedisOptions {
  /** More settings as on the command line, as `["--maxmemory", "10mb"]`. */
  readonly args?: readonly string[];
  /** Files (PEM) for TLS, which then replaces the plain port; clients must show a certificate of `authority`. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authority: string };
}

/** A real Redis 7 on a free loopback port, keeping nothing on disk unless told to. */
export interface RedisServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** As "redis://127.0.0.1:40123", or "rediss://…" with TLS. */
  readonly url: string;
  /** Freezes (SIGSTOP) and thaws (SIGCONT) the server. */
  signal(name: NodeJS.Signals): void;
  /** Kills the server and starts it again on the same port: empty, unless told to keep data. */
  restart(): Promise<void>;
  /** Ends the server at once and removes its data. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts Redis from the cached Debian packages in a fraction of a second; the first call on a machine fetches them.
 *
 * @throws Error with the end of its log when it does not listen within 10 s.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const tree = await debianTree(cacheFolder(process.env), REDIS_PACKAGES);
  const program = fileOf(tree, "usr/bin/redis-server");
  const folder = await temporaryFolder("redis");
  const [port = 0] = await freePorts(1);
  const args = [
    ...settings({ bind: "127.0.0.1", dir: folder.path, save: "", appendonly: "no" }),
    ...(options.tls === undefined ? settings({ port }) : tlsFlags(options.tls, port)),
    ...(options.args ?? []),
  ];
  let server: ServerProcess | undefined;
  const start = async () => {
    const env = { LD_LIBRARY_PATH: tree.libraries };
    server = await startServer(program, args, { env, log: join(folder.path, "log"), uid: folder.uid });
    await listening(server, port);
  };
  const stop = async () => {
    await server?.kill();
    await folder.remove();
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: "127.0.0.1",
    port,
    url: `${options.tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`,
    signal: (name) => server?.signal(name),
    async restart() {
      await server?.kill();
      await start();
    },
    stop,
  };
}

/** Redis wants name and value as two arguments; joined by `=` it takes the first for a line of its configuration. */
function settings(values: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function tlsFlags(tls: NonNullable<RedisOptions["tls"]>, port: number): readonly string[] {
  return settings({
    port: 0,
    "tls-port": port,
    "tls-cert-file": tls.certificate,
    "tls-key-file": tls.key,
    "tls-ca-cert-file": tls.authority,
  });
}

async function listening(server: ServerProcess, port: number): Promise<void> {
  const what = `Redis on port ${port}`;
  const ended = await until(async () => server.exited() ?? ((await connects(port)) ? "" : undefined), {
    timeout: 10_000,
    every: 20,
    what,
  });
  if (ended !== "") throw new Error(`${what} ${ended}\n${await server.log()}`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
