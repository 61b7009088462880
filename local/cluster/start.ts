import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../paths.ts";
import { apiReady } from "../toolchain/api-ready.ts";
import { explainedBy, until } from "../wait.ts";
import { ensureCertificates } from "./certificates.ts";
import { createGroup, isFrozen, joinGroup } from "./cgroup.ts";
import type { Cluster } from "./cluster.ts";
import { components } from "./components.ts";
import { writeConfiguration } from "./configuration.ts";
import { copyStore } from "./image-store.ts";
import { markImported } from "./images.ts";
import { createNamespaces, inside, prepareMounts } from "./namespaces.ts";
import { plugIn } from "./network.ts";
import { identify, lives, type ProcessId, readState, writeState } from "./process-state.ts";
import { stopCluster } from "./stop.ts";
import type { SupervisorOrder } from "./supervisor.ts";
import { mountVolumeDisk } from "./volume-disk.ts";

/**
 * Starts a cluster and returns when its API server is ready. A running cluster is left as it is.
 *
 * @param store the image store that a new cluster is born with.
 * @throws Error when the cluster is frozen, or its API server does not become ready within 60 s.
 */
export async function startCluster(
  cluster: Cluster,
  store: string,
  now: Date,
): Promise<"started" | "running"> {
  const { plan, folder, instance } = cluster;
  if (await isFrozen(plan.id)) {
    throw new Error(`cluster ${plan.name} is frozen; "node local/fault.ts thaw ${plan.name}" lets it go on`);
  }
  const state = await readState(folder);
  if (state !== undefined && (await lives(state.supervisor))) {
    await waitForApi(cluster);
    return "running";
  }
  // What is left of a cluster whose first process or supervisor died is ended before it starts anew over the same data.
  await stopCluster(plan, folder);
  for (const path of [folder.logs, folder.etcd, folder.kubelet, folder.volumes])
    await mkdir(path, { recursive: true });
  await ensureCertificates(cluster, now);
  await writeConfiguration(cluster);
  if (await copyStore(store, folder.containerd)) await markImported(folder, Object.values(cluster.images));
  await createGroup(plan.id);
  const first = await createNamespaces(cluster);
  await writeState(folder, { first });
  await joinGroup(plan.id, first.pid);
  await plugIn(instance, plan, first);
  await prepareMounts(cluster, first);
  await mountVolumeDisk(cluster, first);
  await writeState(folder, { first, supervisor: await startSupervisor(cluster, first) });
  await waitForApi(cluster);
  return "started";
}

async function startSupervisor(cluster: Cluster, first: ProcessId): Promise<ProcessId> {
  const { folder, tools } = cluster;
  const order: SupervisorOrder = {
    components: components(cluster),
    certificates: folder.certificates,
    logs: folder.logs,
    pids: join(folder.root, "pids"),
    programs: tools.containers,
    group: cluster.plan.id,
  };
  const file = join(folder.configuration, "supervisor.json");
  await rm(order.pids, { recursive: true, force: true });
  await writeFile(file, JSON.stringify(order, undefined, 1));
  const program = join(REPOSITORY, "local/cluster/supervisor.ts");
  const args = [...inside(first), process.execPath, "--max-old-space-size=64", program, file];
  const log = openSync(join(folder.logs, "supervisor.log"), "a");
  // Our programs are compiled once, not nine times at every start.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(REPOSITORY, "node_modules/.cache/node") };
  const child = spawn("nsenter", args, { detached: true, stdio: ["ignore", log, log], cwd: "/", env });
  await once(child, "spawn");
  child.unref();
  return identify(child.pid ?? -1);
}

/** Waits until the API server answers the host. */
export async function waitForApi({ plan, folder }: Pick<Cluster, "plan" | "folder">): Promise<void> {
  const pem = (name: string) => readFile(join(folder.certificates, name), "utf8");
  const user = { certificate: await pem("kubelet-client.crt"), key: await pem("kubelet-client.key") };
  const authority = await pem("ca.crt");
  await explainedBy(join(folder.logs, "kube-apiserver.log"), () =>
    until(() => apiReady(plan.server, authority, user), {
      timeout: 60_000,
      every: 50,
      what: `the API server of ${plan.name}`,
    }),
  );
}
