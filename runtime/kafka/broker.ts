import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { IdentityMaterial } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import type { KafkaConfig } from "./config.ts";
import { logProperties, machineFlags, serverProperties } from "./settings.ts";

/** What a broker is started with. */
export interface BrokerOptions {
  readonly config: Pick<KafkaConfig, "host" | "port" | "volume" | "heap">;
  readonly controllerPort: number;
  readonly material: IdentityMaterial;
  readonly programs: {
    readonly java: string;
    /** Folder with Kafka's jars. */
    readonly jars: string;
    /** Put before the program, as a way to end it with this process; for tests. */
    readonly launcher?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };
  /** Folder for settings and keys; made if absent, for this user alone. */
  readonly folder: string;
  readonly log: Log;
}

/** A broker that takes messages. */
export interface Broker {
  readonly pid: number | undefined;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  /** Lets it close its log, and returns when it has ended. */
  stop(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** The line by which Kafka says that it takes messages. */
const STARTED = "Kafka Server started";

/**
 * Starts Kafka on its volume, which it formats when that is new. What the volume holds is never removed.
 *
 * @returns once it takes messages; recovery after a crash takes as long as it needs.
 * @throws Error with the last of what it wrote when it ends before.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { config, controllerPort, material, folder, log } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write("keystore.pem", `${material.key.trim()}\n${material.cert}`);
  await write("ca.pem", material.ca);
  await write("server.properties", serverProperties({ ...config, controllerPort, folder }));
  await write("log4j2.properties", logProperties());
  await format(options);

  const child = java(options, "kafka.Kafka", [join(folder, "server.properties")]);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`cannot be started: ${error.message}`));
    child.on("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
  const last: string[] = [];
  const started = new Promise<void>((resolve) => {
    hear(child, (line) => {
      if (line.includes(STARTED)) resolve();
      else log.info({ line }, "kafka");
      last.push(line);
      last.splice(0, last.length - 10);
    });
  });
  const end = await Promise.race([started, ended]);
  if (end !== undefined) throw new Error(`Kafka ended (${end}) before it took messages:\n${last.join("\n")}`);
  return {
    pid: child.pid,
    ended,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** 128 random bits in base64url, but for the first: Kafka's tool takes an id that begins with a hyphen for an option. */
export function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString("base64url");
}

/** Makes a new volume Kafka's own; its tool writes what says so last. */
async function format(options: BrokerOptions): Promise<void> {
  const { config, folder, log } = options;
  if (existsSync(join(config.volume, "data", "meta.properties"))) return;
  const args = ["format", "-c", join(folder, "server.properties"), "-t", newClusterId(), "--standalone"];
  const child = java(options, "kafka.tools.StorageTool", args);
  let said = "";
  hear(child, (line) => (said = `${said}${line}\n`.slice(-2_000)));
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`Kafka's volume cannot be formatted:\n${said}`);
  log.info({ volume: config.volume }, "volume formatted");
}

function java(
  { config, programs, folder }: BrokerOptions,
  main: string,
  args: readonly string[],
): ChildProcess {
  const flags = machineFlags(config.heap, join(folder, "log4j2.properties"));
  const [program = programs.java, ...rest] = [
    ...(programs.launcher ?? []),
    programs.java,
    ...flags,
    "-cp",
    `${programs.jars}/*`,
    main,
    ...args,
  ];
  return spawn(program, rest, {
    env: { ...process.env, ...programs.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function hear(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
}
