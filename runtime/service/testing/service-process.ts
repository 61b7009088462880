import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../../local/testing/free-ports.ts";
import { until } from "../../../local/wait.ts";
import type { IdentityMaterial } from "../identity.ts";

/** What a process of the stack is started with. */
export interface ServiceProcessOptions {
  /** The file Node runs. */
  readonly main: string;
  readonly config: object;
  readonly identity: IdentityMaterial;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running service, as in its pod but for the addresses. */
export interface ServiceProcess {
  /** Where it listens on loopback. */
  readonly port: number;
  readonly pid: number;
  /** What `/readyz` says. */
  ready(): Promise<{ readonly ok: boolean; readonly text: string }>;
  /** Everything it wrote. */
  log(): string;
  /** Sends SIGTERM. @returns its exit status. */
  stop(): Promise<number | null>;
}

/** Runs a Job of the stack to its end. @returns its exit status and what it wrote. */
export async function runJob(
  options: ServiceProcessOptions,
): Promise<{ readonly status: number | null; readonly log: string }> {
  const { exit, log } = await launch(options, {});
  return { status: await exit, log: log() };
}

/** Starts a service; it may not be ready yet. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const [port = 0, health = 0] = await freePorts(2);
  const { pid, exit, log, end } = await launch(options, {
    WEKEZA_PORT: String(port),
    WEKEZA_HEALTH_PORT: String(health),
    WEKEZA_DRAIN_MS: "0",
  });
  return {
    port,
    pid,
    log,
    async ready() {
      const response = await fetch(`http://127.0.0.1:${health}/readyz`);
      return { ok: response.ok, text: await response.text() };
    },
    async stop() {
      end();
      return exit;
    },
  };
}

/** Waits until a service says that it is ready. @throws Error with what it wrote when it does not within 30 s. */
export async function untilReady(service: ServiceProcess): Promise<void> {
  try {
    await until(async () => (await service.ready()).ok, { timeout: 30_000, what: "a service to be ready" });
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${service.log()}`, { cause });
  }
}

interface Launched {
  readonly pid: number;
  readonly exit: Promise<number | null>;
  readonly log: () => string;
  readonly end: () => void;
}

async function launch(
  { main, config, identity, env }: ServiceProcessOptions,
  more: Readonly<Record<string, string>>,
): Promise<Launched> {
  const folder = await mkdtemp(join(tmpdir(), "service-"));
  const files = {
    "config.json": JSON.stringify(config),
    "tls.key": identity.key,
    "tls.crt": identity.cert,
    "ca.crt": identity.ca,
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      WEKEZA_CONFIG: join(folder, "config.json"),
      WEKEZA_IDENTITY_DIR: folder,
      ...more,
      ...env,
    },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  }
  // Nothing a test starts outlives it, however it ends.
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const exit = once(child, "close").then(async ([status]) => {
    process.off("exit", kill);
    await rm(folder, { recursive: true, force: true });
    return status as number | null;
  });
  return { pid: child.pid ?? 0, exit, log: () => text, end: () => void child.kill("SIGTERM") };
}
