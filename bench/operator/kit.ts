import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Registry } from "prom-client";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import { createClient } from "../../kube/client.ts";
import { Clusters } from "../../kube/clusters.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import { ControllerRunner } from "../../kube/controller-runner.ts";
import { Driver } from "../../kube/driver.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { LeaderElection } from "../../kube/lease.ts";
import { kitMetrics } from "../../kube/metrics.ts";
import { keyOf, type Manifest } from "../../kube/object.ts";
import { ownSelector } from "../../kube/ownership.ts";
import { type Controller, HOME } from "../../kube/plan.ts";
import { resourceTable } from "../../kube/resources.ts";
import { FINALIZER, MARKS } from "../../operator/marks.ts";
import { converse, type Report } from "./conversation.ts";
import { objectsOf } from "./objects.ts";

/** Statements of one Partner, as the plan makes them. */
interface Status {
  readonly conditions: readonly ConditionStatement[];
}

/** Objects that should be there, and how many of them are. */
interface World {
  readonly objects: readonly Manifest[];
  readonly there: number;
}

const { values } = parseArgs({
  options: {
    access: { type: "string", default: "" },
    objects: { type: "string", default: "" },
    concurrency: { type: "string", default: "10" },
    /** Takes part in a leader election under this name. */
    identity: { type: "string" },
  },
});

const templates = await readFile(values.objects, "utf8");
const table = resourceTable([partners] as never);
const registry = new Registry();
const metrics = kitMetrics(registry);
const credentials = kubeconfigCredentials(await readFile(values.access, "utf8"), { trusted: false });
const connect = () =>
  createClient(credentials, { userAgent: "bench", onRequest: (outcome) => metrics.request(outcome) });
const electionClient = connect();
const election =
  values.identity === undefined
    ? undefined
    : new LeaderElection({
        client: electionClient,
        key: { namespace: "default", name: "bench" },
        identity: values.identity,
        onChange: (leads) => runner.lead(leads),
      });
const clusters = new Clusters({ mayWrite: () => election?.held() ?? true });
const sample = objectsOf(templates, {
  metadata: { namespace: "x", name: "x" },
  spec: { displayName: "x" },
} as PartnerObject);
for (const object of sample) {
  clusters.watch({ resource: table.of(object), labelSelector: ownSelector(MARKS) });
}

const controller: Controller<PartnerObject, World, Status, never> = {
  name: "partner",
  resource: partners,
  statusLast: true,
  observe(partner) {
    // Read and filled in once per reconcile, as in Go.
    const objects = partner.metadata.deletionTimestamp === undefined ? objectsOf(templates, partner) : [];
    return { objects, there: objects.filter((object) => isThere(object)).length };
  },
  plan(_partner, { objects: made, there }) {
    const objects = made.map((object) => ({ object }));
    const ready = there >= objects.length;
    const message = `${there} of ${objects.length} objects are there.`;
    const statement = {
      type: "Ready",
      status: ready ? "True" : "False",
      reason: "Counted",
      message,
    } as const;
    return { objects, actions: [], status: { conditions: [statement] } };
  },
  act: async () => {},
};

function isThere(object: Manifest): boolean {
  return clusters.get(HOME)?.cache(table.of(object))?.get(keyOf(object)) !== undefined;
}

const driver = new Driver({ ...MARKS, clusters, resources: table, finalizer: FINALIZER });
const runner = new ControllerRunner({
  controller,
  driver,
  clusters,
  marks: MARKS,
  concurrency: Number(values.concurrency),
  metrics: metrics.controller(controller.name),
});
const home = await clusters.engage(HOME, connect());
await home.whenSynced;

async function report(): Promise<Report> {
  const sum = async (name: string): Promise<number> =>
    ((await registry.getSingleMetric(name)?.get())?.values ?? []).reduce((all, { value }) => all + value, 0);
  const sent = (await registry.getSingleMetric("rest_client_requests_total")?.get())?.values ?? [];
  const requests: Record<string, number> = {};
  for (const { labels, value } of sent) {
    const method = String(labels["method"]);
    requests[method] = (requests[method] ?? 0) + value;
  }
  return {
    requests,
    reconciles: await sum("controller_runtime_reconcile_total"),
    open: runner.queue.depth + runner.queue.inWork.size,
  };
}

async function end(): Promise<void> {
  await runner.stop();
  await election?.stop();
  await clusters.stop();
  await electionClient.close();
}

process.once("SIGTERM", () => void end().then(() => process.exit()));
converse(
  () => (election ? election.start() : runner.lead(true)),
  report,
  () => process.exit(),
);
