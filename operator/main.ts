import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import pino from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { serveHealth } from "../kube/health.ts";
import { inClusterCredentials } from "../kube/in-cluster.ts";
import { kubeconfigFileCredentials } from "../kube/kubeconfig.ts";
import { parseOperatorConfig } from "./config.ts";
import { type Operator, startOperator } from "./operator.ts";

/** A process that cannot end by itself ends here, in ms; below the pod's grace period of 30 s. */
const END = 25_000;

const { env } = process;
const logger = pino({ name: "wekeza-operator", level: env["LOG_LEVEL"] ?? "info" });
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    logger.fatal({ err: error }, "cannot go on");
    process.exit(1);
  });
const stopping = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stopping.abort(name));

const path = env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json";
const config = parseOperatorConfig(await readFile(path, "utf8"), path);
const registry = new Registry();
collectDefaultMetrics({ register: registry });
let operator: Operator | undefined;
const server = await serveHealth({
  port: Number(env["HEALTH_PORT"] ?? 9090),
  problems: () => operator?.problems() ?? ["starting"],
  metrics: () => registry.metrics(),
});
const kubeconfig = env["KUBECONFIG"];
try {
  operator = await startOperator({
    config,
    credentials: await (kubeconfig ? kubeconfigFileCredentials(kubeconfig) : inClusterCredentials(env)),
    identity: env["POD_NAME"] ?? `${hostname()}-${process.pid}`,
    logger,
    registry,
    env,
    signal: stopping.signal,
  });
  logger.info({ images: config.images, zone: config.zone }, "started");
} catch (error) {
  // Told to stop while it waited for its key: that is an end, not a failure.
  if (!stopping.signal.aborted) throw error;
}

if (!stopping.signal.aborted) await once(stopping.signal, "abort");
logger.info({ signal: stopping.signal.reason }, "stopping");
setTimeout(() => process.exit(1), END).unref();
await operator?.stop();
server.close();
server.closeAllConnections();
logger.info({}, "stopped");
