import { afterAll, beforeAll, expect, test } from "vitest";
import { auditMark, type AuditMark, operatorWritesSince } from "./support/audit-log.ts";
import { CLUSTERS, type Clusters, openClusters } from "./support/clusters.ts";
import {
  awaitLeaderOtherThan,
  awaitOperatorReady,
  awaitQuiet,
  endPod,
  leader,
  operatorMetrics,
  operatorPods,
} from "./support/operator.ts";
import { platformResources } from "./support/owned-objects.ts";
import { awaitAllReady } from "./support/ready.ts";

let clusters: Clusters;

beforeAll(async () => {
  clusters = await openClusters();
  await awaitAllReady(clusters, 120_000);
  const pod = await leader(clusters);
  if (pod === undefined) throw new Error("No pod of the operator leads; see `make status`.");
  await awaitQuiet(clusters, pod, 0);
});

afterAll(() => clusters?.close());

const marks = () => Promise.all(CLUSTERS.map((cluster) => auditMark(clusters.runFolder, cluster)));

/** The operator's writes since the marks, one line each. */
async function writesSince(since: readonly AuditMark[]): Promise<readonly string[]> {
  const writes = await Promise.all(since.map(operatorWritesSince));
  return writes.flat().map(({ cluster, verb, resource, name }) => `${cluster}: ${verb} ${resource} ${name}`);
}

test(
  "an operator that starts anew over a finished platform writes nothing",
  { timeout: 240_000 },
  async () => {
    const since = await marks();
    const former = await operatorPods(clusters);
    for (const pod of former) await endPod(clusters, pod, "stop");
    const pod = await awaitLeaderOtherThan(clusters, former, 90_000);
    await awaitQuiet(clusters, pod, (await platformResources(clusters)).length);
    expect(await writesSince(since)).toEqual([]);
  },
);

test(
  "REL-34 asked to look at every resource again it looks, and writes nothing",
  { timeout: 240_000 },
  async () => {
    await awaitOperatorReady(clusters);
    const pod = await leader(clusters);
    if (pod === undefined) throw new Error("No pod of the operator leads.");
    const before = await operatorMetrics(clusters, pod);
    const since = await marks();
    const resources = await platformResources(clusters);
    const annotations = { "openbanking.wekeza.io/requestedAt": new Date().toISOString() };
    for (const { kind, object } of resources) {
      const { namespace, name } = object.metadata;
      await clusters.clients.hub.patch(kind, { namespace, name }, { merge: { metadata: { annotations } } });
    }
    const after = await awaitQuiet(clusters, pod, before.reconciled + resources.length);
    expect(after - before.reconciled).toBeGreaterThanOrEqual(resources.length);
    expect(await writesSince(since)).toEqual([]);
  },
);
