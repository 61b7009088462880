import { setTimeout as delay } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Static, TSchema } from "typebox";
import { readConfig } from "./config-file.ts";
import { startHealth, type ReadyCheck } from "./health.ts";
import { createLog, type Log } from "./logger.ts";
import { logWarnings } from "./warnings.ts";

/** What a service is handed when it starts, and how it says what it needs and how it ends. */
export interface Setting<Config> {
  readonly config: Config;
  readonly log: Log;
  /** Where its metrics go; `/metrics` shows them. */
  readonly registry: Registry;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts when the process has been told to stop. */
  readonly stopping: AbortSignal;
  /** Adds a condition of readiness. */
  readonly ready: (name: string, problem: ReadyCheck["problem"]) => void;
  /** Adds a step of the end; steps run last first, each awaited. */
  readonly onStop: (name: string, step: () => Promise<void> | void) => void;
}

/** A process: its name, what it reads, and how it is put together. */
export interface Service<Schema extends TSchema> {
  readonly name: string;
  readonly config: Schema;
  /**
   * True makes `/healthz` wait for `run`: for a sidecar whose neighbour may start only after it, by its startup probe.
   * Others are alive while they wait.
   */
  readonly aliveOnceStarted?: boolean;
  /** Builds and starts everything; resolves once it serves. */
  readonly run: (setting: Setting<Static<Schema>>) => Promise<void>;
}

/** How long new connections may still arrive after the pod has left its Service's endpoints, in ms. */
const DRAIN_MS = 3_000;
/** A process that cannot end by itself ends here, in ms; below the pod's grace period of 30 s. */
const END_MS = 25_000;

/**
 * Runs a service until SIGTERM or SIGINT: reads `WEKEZA_CONFIG`, serves health on `WEKEZA_HEALTH_PORT` (9090), then runs it.
 *
 * The end: not ready → a pause for the endpoints to follow (`WEKEZA_DRAIN_MS`, 3 s) → its steps, last first → exit 0.
 * A failure to start, and anything nobody caught, ends the process with 1 and one line that says why.
 */
export async function startService<Schema extends TSchema>(service: Service<Schema>): Promise<void> {
  const { env } = process;
  const log = createLog(service.name, { level: env["LOG_LEVEL"] ?? "info" });
  logWarnings(process, log);
  const fail = (error: unknown): never => {
    log.fatal({ err: error }, "cannot go on");
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(signal));

  const checks: ReadyCheck[] = [
    { name: "stopping", problem: () => (stop.signal.aborted ? "told to stop" : undefined) },
  ];
  const steps: { readonly name: string; readonly step: () => Promise<void> | void }[] = [];
  let started = false;
  checks.push({ name: "starting", problem: () => (started ? undefined : "still starting") });
  try {
    const config = readConfig(service.config, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const health = await startHealth({
      port: Number(env["WEKEZA_HEALTH_PORT"] ?? 9090),
      registry,
      checks: () => checks,
      alive: () => started || service.aliveOnceStarted !== true,
    });
    steps.push({ name: "health", step: () => health.close() });
    const setting: Setting<Static<Schema>> = {
      config,
      log,
      registry,
      env,
      stopping: stop.signal,
      ready: (name, problem) => void checks.push({ name, problem }),
      onStop: (name, step) => void steps.push({ name, step }),
    };
    await service.run(setting);
    started = true;
    log.info({ health: health.port }, "started");
  } catch (error) {
    // Told to stop while it waited for something: that is an end, not a failure.
    if (!stop.signal.aborted) fail(error);
  }
  if (!stop.signal.aborted) {
    await new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
  }
  log.info({ signal: stop.signal.reason }, "stopping");
  setTimeout(() => fail(new Error(`Still running ${END_MS} ms after the order to stop.`)), END_MS).unref();
  await delay(Number(env["WEKEZA_DRAIN_MS"] ?? DRAIN_MS));
  for (const { name, step } of steps.reverse()) {
    try {
      await step();
    } catch (error) {
      log.error({ err: error, step: name }, "a step of the end failed");
    }
  }
  log.info("stopped");
  process.exit(0);
}
