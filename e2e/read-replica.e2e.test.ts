import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { failoverGroups, regions } from "../crds/resources.ts";
import { conditionOf, type Condition } from "../kube/condition.ts";
import type { KubeObject } from "../kube/object.ts";
import { persistentVolumeClaims, pods } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { query } from "./support/database.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { stackOf } from "./support/stack.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

const POD = "postgres-read-0";
const CLAIM = "data-postgres-read-0";

let bank: Bank;
let group: Group;
let visitor: Visitor;

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  visitor = await newVisitor(bank, group, "replica");
}, 180_000);

afterAll(
  () =>
    inAnyCase(
      () => wantReplicas(0),
      () => leave(bank, visitor),
      () => bank?.close(),
    ),
  300_000,
);

/** Says how many the Region is to have, and waits until the group says that it is so. */
async function wantReplicas(readReplicas: number): Promise<void> {
  const { hub } = bank.clients;
  await hub.patch(
    regions,
    { name: stackOf(group).region },
    { merge: { spec: { database: { readReplicas } } } },
  );
  await awaitObject(
    hub,
    failoverGroups,
    { name: group.name },
    {
      timeout: 240_000,
      until: (object) => {
        const of = (type: string) => conditionOf(object?.status?.conditions, type)?.status;
        return of("Ready") === "True" && of("ReadReplicasReady") === (readReplicas > 0 ? "True" : undefined);
      },
      describe: (object) => JSON.stringify(object?.status?.conditions ?? []),
    },
  );
}

/** Reads of account information that every pod of banking has counted, by who answered. */
async function readsBy(source: "replica" | "primary"): Promise<number> {
  const { region, namespace } = stackOf(group);
  const client = bank.clients[region];
  const { items } = await client.list(pods, { namespace, labelSelector: "app.kubernetes.io/name=banking" });
  const counts = await Promise.all(
    items.map(async ({ metadata: { name } }) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}:9090/proxy/metrics`;
      // A pod that comes or goes meanwhile counts nothing, and answers nobody.
      const { body } = await client
        .raw({ method: "GET", path, accept: "text/plain", repeatable: true })
        .catch(() => ({ body: "" }));
      const counted = String(body).matchAll(
        new RegExp(String.raw`^wekeza_banking_reads_total\{source="${source}".*\} (\d+)$`, "gm"),
      );
      return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function isReady(pod: KubeObject): boolean {
  const { status } = pod as KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } };
  return conditionOf(status?.conditions, "Ready")?.status === "True";
}

/** Reads until the replica has answered some more. */
async function answeredByReplica(): Promise<void> {
  const before = await readsBy("replica");
  await until(
    async () => {
      expect(await readAccounts(visitor)).toMatchObject({ status: 200 });
      return (await readsBy("replica")) > before;
    },
    { timeout: 120_000, every: 250, what: "the replica to answer" },
  );
}

test("accounts are read from a replica; one that is killed, or goes, fails no call, and its copy goes with it", async () => {
  const place = stackOf(group);
  const client = bank.clients[place.region];
  const of = { namespace: place.namespace };
  await wantReplicas(1);
  await answeredByReplica();
  expect(await query(bank, place, "select application_name, state from pg_stat_replication")).toEqual([
    ["postgres_read_0", "streaming"],
  ]);

  const former = await client.get(pods, { ...of, name: POD });
  const refused: unknown[] = [];
  let [calls, ended] = [0, false];
  const calling = (async () => {
    while (!ended) {
      const status = await readAccounts(visitor).then(
        (answer) => answer.status,
        (error: unknown) => String(error),
      );
      calls += 1;
      if (status !== 200) refused.push(status);
      await pause(20);
    }
  })();
  try {
    const byPrimary = await readsBy("primary");
    // Without its grace: as a machine does that is lost.
    await client.delete(pods, { ...of, name: POD }, { gracePeriodSeconds: 0 });
    await until(async () => (await readsBy("primary")) > byPrimary, {
      timeout: 60_000,
      every: 100,
      what: "the primary to answer",
    });
    await until(
      async () => {
        const pod = await client.get(pods, { ...of, name: POD });
        // Until then it is the server that was killed which answers, as its machine takes a moment to end it.
        return pod !== undefined && pod.metadata.uid !== former?.metadata.uid && isReady(pod);
      },
      { timeout: 120_000, what: "another pod to be ready" },
    );
    const before = await readsBy("replica");
    await until(async () => (await readsBy("replica")) > before, {
      timeout: 120_000,
      every: 250,
      what: "the replica to answer again",
    });
    await wantReplicas(0);
    const seen = calls;
    await until(async () => calls > seen + 20, { timeout: 60_000, what: "calls without a replica" });
  } finally {
    ended = true;
    await calling;
  }
  expect(refused).toEqual([]);
  await until(
    async () => {
      const claim = await client.get(persistentVolumeClaims, { ...of, name: CLAIM });
      const pod = await client.get(pods, { ...of, name: POD });
      // What still holds it: a StatefulSet, a pod, or the collector of garbage, whose time is the cluster's.
      if (claim) throw new Error(JSON.stringify({ claim: claim.metadata, pod: pod?.metadata }));
      return true;
    },
    { timeout: 180_000, what: "the copy to be gone" },
  );
}, 600_000);
