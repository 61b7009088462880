import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { cacheFolder } from "../paths.ts";
import { debianTree, fileOf } from "../toolchain/debian.ts";
import { until } from "../wait.ts";
import { freePorts } from "./free-ports.ts";
import { startServer } from "./server-process.ts";
import { temporaryFolder } from "./temporary.ts";

/** Packages of the image registry. */
export const REGISTRY_PACKAGES = ["docker-registry"] as const;

export interface RegistryOptions {
  /** Files (PEM) for TLS instead of plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** The registry's own `auth` section, as `{ htpasswd: { realm, path } }`. */
  readonly auth?: object;
}

/** A real image registry (distribution 2.8) on a free loopback port, empty. */
export interface RegistryServer {
  /** As "127.0.0.1:40123". */
  readonly host: string;
  /** What it wrote, a line for each request. */
  log(): Promise<string>;
  /** Ends it at once and removes what it holds. Safe to repeat. */
  stop(): Promise<void>;
}

/** Starts the registry from Debian's package. @throws Error with the end of its log when it does not listen within 10 s. */
export async function startRegistry({ tls, auth }: RegistryOptions = {}): Promise<RegistryServer> {
  const tree = await debianTree(cacheFolder(process.env), REGISTRY_PACKAGES);
  const folder = await temporaryFolder("registry");
  const [port = 0] = await freePorts(1);
  const settings = {
    version: "0.1",
    log: { accesslog: { disabled: false }, level: "info" },
    storage: { filesystem: { rootdirectory: join(folder.path, "data") } },
    http: { addr: `127.0.0.1:${port}`, ...(tls === undefined ? {} : { tls }) },
    ...(auth === undefined ? {} : { auth }),
  };
  const file = join(folder.path, "config.yml");
  await writeFile(file, stringify(settings));
  const server = await startServer(fileOf(tree, "usr/bin/docker-registry"), ["serve", file], {
    env: { OTEL_TRACES_EXPORTER: "none" },
    log: join(folder.path, "log"),
    uid: folder.uid,
  });
  const stop = async () => {
    await server.kill();
    await folder.remove();
  };
  const ended = await until(async () => server.exited() ?? ((await connects(port)) ? "" : undefined), {
    timeout: 10_000,
    every: 20,
    what: `the registry on port ${port}`,
  }).catch((error: unknown) => String(error));
  if (ended !== "") {
    const log = await server.log();
    await stop();
    throw new Error(`the registry on port ${port} ${ended}\n${log}`);
  }
  return { host: `127.0.0.1:${port}`, log: () => server.log(), stop };
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
