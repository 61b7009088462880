import { readFile } from "node:fs/promises";
import type { ClusterPlan } from "../address-plan.ts";
import { until } from "../wait.ts";
import { freezeGroup, isFrozen, removeGroup } from "./cgroup.ts";
import type { ClusterFolder } from "./cluster.ts";
import { unplug } from "./network.ts";
import { forgetState, lives, readState } from "./process-state.ts";
import { loopDevice } from "./volume-disk.ts";

/** Ends every process of a cluster at once, as a power cut does. Its data stay. Safe to repeat. */
export async function killCluster(plan: ClusterPlan, folder: ClusterFolder): Promise<void> {
  // A frozen process takes its death only when it is thawed.
  if (await isFrozen(plan.id)) await freezeGroup(plan.id, false);
  const state = await readState(folder);
  if (state === undefined) return;
  process.kill(state.first.pid, "SIGKILL");
  await until(async () => !(await lives(state.first)) && !(await lives(state.supervisor)), {
    // The last of them writes out what the cluster's disk for volumes has in memory.
    timeout: 60_000,
    what: `the processes of ${plan.name} to end`,
  });
}

/** Ends a cluster and takes away what it had of the machine: processes, mounts, cable, routes, cgroup. Its data stay. */
export async function stopCluster(plan: ClusterPlan, folder: ClusterFolder): Promise<void> {
  await killCluster(plan, folder);
  // Its mount goes with its namespaces, once all is written. Mounted anew before that, it would be one disk twice.
  await until(async () => (await loopDevice(folder.volumeDisk)) === undefined, {
    timeout: 60_000,
    what: `the kernel to let go of ${folder.volumeDisk} ("losetup -j" says which device has it)`,
  });
  await unplug(plan);
  await removeGroup(plan.id);
  await forgetState(folder);
}

/** Whether a cluster's first process lives; also when it is frozen. */
export async function isUp(folder: ClusterFolder): Promise<boolean> {
  return (await readState(folder)) !== undefined;
}

/** What the supervisor noted of programs that ended, newest last; empty when none did. */
export async function restarts(folder: ClusterFolder): Promise<readonly string[]> {
  const text = await readFile(`${folder.logs}/supervisor.log`, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}
