import { Registry } from "prom-client";
import { type ClientOptions, createClient } from "../kube/client.ts";
import { staticCredentials } from "../kube/credentials.ts";
import { silent } from "../kube/logger.ts";
import { kitMetrics } from "../kube/metrics.ts";
import { parseOperatorConfig } from "../operator/config.ts";
import { startReconciliation } from "../operator/reconciliation.ts";
import type { Subject, SubjectOptions } from "./subject.ts";
import { configOf, makeSystem } from "./system.ts";

/** Starts every controller of the operator, as its process does but for the election: it leads once it sees everything. */
export async function startPlatform(options: SubjectOptions): Promise<Subject> {
  const { corner, lines, signer, clock, pace, probeMs, identity } = options;
  await makeSystem(options);
  const client: ClientOptions = { userAgent: "platform", timeoutMs: 6_000, attemptMs: 2_000 };
  const work = await startReconciliation({
    config: parseOperatorConfig(configOf(corner), "the harness"),
    hub: createClient(staticCredentials({ server: lines.hub }), client),
    client,
    signer,
    logger: silent,
    metrics: kitMetrics(new Registry()),
    clock,
    pace,
    probeMs,
    identity,
  });
  let stopped = false;
  void work.whole.then(() => {
    if (!stopped) work.lead(true);
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all([work.rest(), work.close()]);
    },
  };
}
