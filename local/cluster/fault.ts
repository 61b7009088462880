import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterName, ClusterPlan } from "../address-plan.ts";
import { run } from "../command.ts";
import type { Installation } from "../installation.ts";
import { waitForNode } from "./apply-addons.ts";
import { freezeGroup } from "./cgroup.ts";
import { type Cluster, clusterFolder } from "./cluster.ts";
import { imageStore } from "./image-store.ts";
import { runInside } from "./namespaces.ts";
import { setCable } from "./network.ts";
import { readState } from "./process-state.ts";
import { startCluster } from "./start.ts";
import { killCluster } from "./stop.ts";

/** Ways for one cluster to fail, and back. Each is safe to repeat. */
export const FAULTS = {
  freeze: "stops every process where it stands, as a hung hypervisor does",
  thaw: "lets them go on",
  cut: "pulls the cluster's network cable",
  join: "puts it back",
  kill: "ends every process at once, as a power cut does; data stay. With a program's name: only that, and it is restarted",
  start: "starts a killed cluster again over its data",
} as const;
export type Fault = keyof typeof FAULTS;

/** Makes a cluster fail, or heals it. @param program only for "kill": one component, as "kube-apiserver". */
export async function inject(
  installation: Installation,
  fault: Fault,
  name: ClusterName,
  program?: string,
): Promise<void> {
  const plan = planOf(installation, name);
  const folder = clusterFolder(installation.run, name);
  switch (fault) {
    case "freeze":
      return freezeGroup(plan.id, true);
    case "thaw":
      return freezeGroup(plan.id, false);
    case "cut":
      return setCable(plan, "down");
    case "join":
      return setCable(plan, "up");
    case "kill":
      return program === undefined ? killCluster(plan, folder) : killProgram(installation, name, program);
    case "start":
      return start(installation, name);
  }
}

async function killProgram(
  { run: runFolder }: Installation,
  name: ClusterName,
  program: string,
): Promise<void> {
  const folder = clusterFolder(runFolder, name);
  const state = await readState(folder);
  if (state === undefined) throw new Error(`cluster ${name} is not up`);
  const pid = await readFile(join(folder.root, "pids", program), "utf8").catch(() => undefined);
  if (pid === undefined) throw new Error(`cluster ${name} runs no program ${program}`);
  await runInside(state.first, ["kill", "-9", pid]);
}

async function start(installation: Installation, name: ClusterName): Promise<void> {
  const { cache, foundation, tools } = installation;
  const cluster = (await installation.clusters()).find(({ plan }) => plan.name === name) as Cluster;
  await startCluster(cluster, await imageStore(cache, await foundation(), await tools()), new Date());
  await waitForNode(cluster);
}

/** Lets two clusters no longer see each other while the rest of the world sees both. */
export async function partition(
  installation: Installation,
  one: ClusterName,
  other: ClusterName,
): Promise<void> {
  const [first, second] = [planOf(installation, one).link, planOf(installation, other).link];
  const table = partitionTable(installation);
  const rules = `table bridge ${table}
delete table bridge ${table}
table bridge ${table} {
  chain between {
    type filter hook forward priority 0; policy accept;
    iifname "${first}" oifname "${second}" drop
    iifname "${second}" oifname "${first}" drop
  }
}
`;
  await writeFile(partitionMark(installation), `${one} ${other}\n`);
  await run(await nft(installation), ["-f", "-"], { input: rules });
}

/** Ends a {@link partition}. Safe to repeat. */
export async function heal(installation: Installation): Promise<void> {
  const marked = await readFile(partitionMark(installation), "utf8").catch(() => undefined);
  if (marked === undefined) return;
  const table = partitionTable(installation);
  // Declared first, so that deleting it works also when it is gone.
  await run(await nft(installation), ["-f", "-"], {
    input: `table bridge ${table}\ndelete table bridge ${table}\n`,
  });
  await rm(partitionMark(installation));
}

function planOf({ instance }: Installation, name: ClusterName): ClusterPlan {
  return instance.clusters.find((plan) => plan.name === name) as ClusterPlan;
}

function partitionTable({ instance }: Installation): string {
  return `${instance.bridge}_partition`;
}

function partitionMark({ run: runFolder }: Installation): string {
  return join(runFolder, "partition");
}

async function nft({ tools }: Installation): Promise<string> {
  return join((await tools()).containers, "nft");
}
