import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { contentKey } from "../toolchain/cache.ts";
import { until } from "../wait.ts";
import { addons } from "./addons.ts";
import { userConfig } from "./certificates.ts";
import type { Cluster } from "./cluster.ts";

/** Applies what every cluster has, unless the cluster got exactly that already. */
export async function applyAddons(cluster: Cluster): Promise<void> {
  const text = JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: addons(cluster.instance, cluster.plan, cluster.images),
  });
  const file = join(cluster.folder.root, "addons-applied");
  const key = contentKey(text);
  if ((await readFile(file, "utf8").catch(() => "")) === key) return;
  const args = ["apply", "--server-side", "--force-conflicts", "--field-manager=local", "-f", "-"];
  await kubectl(cluster, args, text);
  await writeFile(file, key);
}

/** Waits until the node takes pods and names are answered. */
export async function waitForNode(cluster: Cluster): Promise<void> {
  const { name } = cluster.plan;
  const condition = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  await until(async () => (await kubectl(cluster, ["get", "node", name, "-o", condition])).includes("True"), {
    timeout: 60_000,
    every: 200,
    what: `node ${name} to be Ready; its log is ${join(cluster.folder.logs, "kubelet.log")}`,
  });
  await kubectl(cluster, ["-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s"]);
}

/** Runs kubectl as administrator of a cluster. @returns its standard output. @throws CommandError */
export function kubectl(
  cluster: Pick<Cluster, "tools" | "folder">,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const program = join(cluster.tools.kubernetes, "kubectl");
  const config = [`--kubeconfig=${userConfig(cluster, "admin")}`];
  return run(program, [...config, ...args], input === undefined ? {} : { input });
}
