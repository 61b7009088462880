import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { until } from "../wait.ts";
import type { Cluster } from "./cluster.ts";
import { identify, type ProcessId } from "./process-state.ts";

/**
 * Makes the namespaces of a cluster: network, mounts, processes, IPC, host name.
 *
 * Their first process does nothing but bury orphans. The namespaces, and all that is in them, live as long as it does.
 */
export async function createNamespaces({ folder, tools }: Cluster): Promise<ProcessId> {
  const kinds = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"];
  const log = openSync(join(folder.logs, "namespaces.log"), "a");
  const unshare = spawn("unshare", [...kinds, "--propagation", "private", join(tools.kubernetes, "pause")], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  await once(unshare, "spawn");
  unshare.unref();
  return until(
    async () => {
      const children = await readFile(`/proc/${unshare.pid}/task/${unshare.pid}/children`, "utf8");
      const pid = Number(children.trim());
      // Before it is the pause program, it is still unshare, at work on the mounts.
      const program = await readFile(`/proc/${pid}/comm`, "utf8");
      return program.trim() === "pause" ? identify(pid) : undefined;
    },
    { timeout: 10_000, every: 10, what: "the cluster's first process" },
  );
}

/** Arguments of nsenter(1), before the program that shall run inside. */
export function inside(first: ProcessId): readonly string[] {
  return ["--target", String(first.pid), "--net", "--mount", "--pid", "--ipc", "--uts"];
}

/** Runs a program inside to its end. @returns its standard output. @throws CommandError */
export function runInside(first: ProcessId, program: readonly string[], input?: string): Promise<string> {
  return run("nsenter", [...inside(first), ...program], input === undefined ? {} : { input });
}

/** Gives the mount namespace what the programs in it expect at fixed places, and hides what is the machine's own. */
export async function prepareMounts({ plan, folder }: Cluster, first: ProcessId): Promise<void> {
  // The kubelet's folder is a mount of its own: bound below a shared root it would get every pod mount twice.
  const script = `set -e
hostname ${plan.id}
mount --make-rshared /
for place in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 wekeza $place; done
mkdir -p /run/netns /run/lock /var/lib/kubelet /var/log/containers
mount --bind ${folder.kubelet} /var/lib/kubelet
mount --make-private /var/lib/kubelet
mount --make-shared /var/lib/kubelet
mkdir -p ${folder.kubelet}/pod-logs
mkdir /var/log/pods
mount --bind ${folder.kubelet}/pod-logs /var/log/pods
echo 1 >/proc/sys/net/ipv4/ip_forward
`;
  await runInside(first, ["sh", "-c", script]);
}
