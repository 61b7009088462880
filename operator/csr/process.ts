import pino from "pino";
import { Counter, collectDefaultMetrics, Registry } from "prom-client";
import { type Client, createClient } from "../../kube/client.ts";
import { serveHealth } from "../../kube/health.ts";
import { inClusterCredentials } from "../../kube/in-cluster.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import type { Logger } from "../../kube/logger.ts";
import { CsrWorker, type CsrWorkerOptions } from "./worker.ts";

/** What a process that decides about requests works with. */
export interface CsrTools {
  readonly client: Client;
  readonly logger: Logger;
  /** Counts one decision, such as `signed`. */
  readonly count: (decision: string) => void;
}

/** One process that decides about requests of one signer. */
export interface CsrProcess {
  /** In logs and audit logs, such as `partner-signer`. */
  readonly name: string;
  readonly signerName: string;
  readonly visit: (tools: CsrTools) => CsrWorkerOptions["visit"];
  /** What else the process does while it runs. */
  readonly beside?: (tools: CsrTools) => { start(): void; stop(): Promise<void> };
}

/**
 * Runs the process until SIGTERM or SIGINT: a worker, and `/healthz`, `/readyz`, `/metrics` on port 9090.
 *
 * Reaches the API server with the file in KUBECONFIG, or as the pod it runs in.
 *
 * @param registry of metrics, its own and those of whatever else is in the process.
 */
export async function runCsrProcess(
  { name, signerName, visit, beside }: CsrProcess,
  env: NodeJS.ProcessEnv,
  registry = new Registry(),
): Promise<void> {
  const logger = pino({ name, level: env["LOG_LEVEL"] ?? "info" });
  const file = env["KUBECONFIG"];
  const credentials = await (file ? kubeconfigFileCredentials(file) : inClusterCredentials(env));
  const client = createClient(credentials, { userAgent: `wekeza-${name}` });
  collectDefaultMetrics({ register: registry });
  const decisions = new Counter({
    name: "wekeza_csr_decisions_total",
    help: "Decisions about certificate requests.",
    labelNames: ["signer", "decision"],
    registers: [registry],
  });
  const count = (decision: string): void => decisions.inc({ signer: signerName, decision });
  const tools = { client, logger, count };
  const worker = new CsrWorker({ client, signerName, logger, visit: visit(tools) });
  const other = beside?.(tools);
  const port = Number(env["HEALTH_PORT"] ?? 9090);
  const server = await serveHealth({
    port,
    problems: () => (worker.ready ? [] : ["the watch of certificate requests is not open"]),
    metrics: () => registry.metrics(),
  });
  worker.start();
  other?.start();
  logger.info({ signerName, apiServer: client.host, healthPort: port }, "started");
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  logger.info({}, "stopping");
  await Promise.all([worker.stop(), other?.stop()]);
  server.close();
  server.closeAllConnections();
  await client.close();
}
