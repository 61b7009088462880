import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createClient } from "../kube/client.ts";
import { kubeconfigFileCredentials } from "../kube/kubeconfig.ts";
import { resource } from "../kube/object.ts";
import type { KubeObject } from "../kube/object.ts";
import type { ClusterPlan } from "./address-plan.ts";
import { isFrozen } from "./cluster/cgroup.ts";
import { clusterFolder } from "./cluster/cluster.ts";
import { diskMachine, diskObstacle } from "./cluster/disk-obstacle.ts";
import { addressOf, type Service } from "./cluster/service-address.ts";
import { isUp, restarts } from "./cluster/stop.ts";
import { existingStatus } from "./existing/status.ts";
import { openContext } from "./existing/steps.ts";
import { contextOf } from "./existing/target.ts";
import { type Installation, installation, kubeconfigPath, kubectlPath } from "./installation.ts";
import { cacheFolder, contextFolder } from "./paths.ts";
import { volumeStatus } from "./volume-status.ts";

interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}
const pods = resource<Pod>({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true });
const services = resource<Service>({
  apiVersion: "v1",
  kind: "Service",
  plural: "services",
  namespaced: true,
});

/** One line of `make status`. */
interface Row {
  readonly cluster: string;
  readonly state: string;
  readonly pods: string;
  readonly restarts: string;
  readonly server: string;
  /** Addresses of load balancers, with their Services. */
  readonly outside: readonly string[];
}

async function rowOf(here: Installation, plan: ClusterPlan): Promise<Row> {
  const folder = clusterFolder(here.run, plan.name);
  const base = { cluster: plan.name, server: plan.server, restarts: String((await restarts(folder)).length) };
  const idle = (state: string) => ({ ...base, state, pods: "-", outside: [] });
  if (!(await isUp(folder))) return idle("down");
  if (await isFrozen(plan.id)) return idle("frozen");
  if (!(await plugged(plan))) return idle("cut off");
  const client = createClient(await kubeconfigFileCredentials(kubeconfigPath(here, plan.name)), {
    userAgent: "local-status",
    timeoutMs: 3_000,
  });
  try {
    const [allPods, allServices] = await Promise.all([client.list(pods), client.list(services)]);
    // A finished job's pod is not missing.
    const wanted = allPods.items.filter(({ status }) => status?.phase !== "Succeeded");
    const ready = wanted.filter(({ status }) =>
      status?.conditions?.some(({ type, status: yes }) => type === "Ready" && yes === "True"),
    );
    const outside = allServices.items.flatMap((service) => {
      const address = addressOf(service);
      return address === undefined
        ? []
        : [`${address} ${service.metadata.namespace}/${service.metadata.name}`];
    });
    return { ...base, state: "up", pods: `${ready.length}/${wanted.length}`, outside };
  } catch (error) {
    return idle(`no answer (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`);
  } finally {
    await client.close();
  }
}

async function plugged({ link }: ClusterPlan): Promise<boolean> {
  const flags = await readFile(`/sys/class/net/${link}/flags`, "utf8").catch(() => "0");
  // IFF_UP, netdevice(7).
  return (Number(flags.trim()) & 1) === 1;
}

/** `make status`: one line per local cluster. */
async function local(): Promise<void> {
  const here = installation(process.env);
  const rows = await Promise.all(here.instance.clusters.map((plan) => rowOf(here, plan)));
  const title: Row = {
    cluster: "CLUSTER",
    state: "STATE",
    pods: "PODS READY",
    restarts: "RESTARTS",
    server: "SERVER",
    outside: [],
  };
  for (const { cluster, state, pods: ready, restarts: count, server, outside } of [title, ...rows]) {
    console.log(`${cluster.padEnd(9)}${state.padEnd(10)}${ready.padEnd(12)}${count.padEnd(10)}${server}`);
    for (const line of outside) console.log(`${" ".repeat(9)}${line}`);
  }
  console.log(`\ninstance ${here.instance.instance}, state and logs in ${here.run}`);
  for (const line of await volumeStatus(here, diskObstacle(diskMachine(process.env)))) console.log(line);
  if (existsSync(kubectlPath(here)))
    console.log(`kubectl: ${kubectlPath(here)} --kubeconfig ${here.run}/<cluster>.kubeconfig`);
}

const context = contextOf(process.env);
try {
  if (context === undefined) await local();
  else {
    const folder = contextFolder(process.env, context);
    const cluster = await openContext(cacheFolder(process.env), context, folder);
    console.log(await existingStatus(context, cluster));
  }
} catch (error) {
  // What can be wrong of a cluster of the user's own is a name or a connection, and here a number: a sentence says it.
  if (context === undefined && !(error instanceof RangeError)) throw error;
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
