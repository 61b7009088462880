import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { type KubeObject, resource } from "../../kube/object.ts";
import { deployments, nodes, resourceTable } from "../../kube/resources.ts";
import { contentKey } from "../toolchain/cache.ts";
import { explainedBy, until } from "../wait.ts";
import { addons } from "./addons.ts";
import { userConfig } from "./certificates.ts";
import type { Cluster } from "./cluster.ts";

const apiServices = resource<KubeObject>({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
});

/** Applies what every cluster has, unless the cluster got exactly that already. */
export async function applyAddons(cluster: Cluster): Promise<void> {
  const objects = addons(cluster.instance, cluster.plan, cluster.images);
  const file = join(cluster.folder.root, "addons-applied");
  const key = contentKey(JSON.stringify(objects));
  if ((await readFile(file, "utf8").catch(() => "")) === key) return;
  const table = resourceTable([apiServices]);
  await withAdmin(cluster, async (client) => {
    for (const object of objects) {
      // A new API server answers before its namespaces and priority classes are all there.
      await until(() => client.apply(table.of(object), object, { fieldManager: "local", force: true }), {
        timeout: 30_000,
        what: `${object.kind} ${object.metadata.name} to be applied`,
      });
    }
  });
  await writeFile(file, key);
}

/** Waits until the node takes pods and names are answered. */
export async function waitForNode(cluster: Cluster): Promise<void> {
  const { name } = cluster.plan;
  const dns = { namespace: "kube-system", name: "coredns" };
  await withAdmin(cluster, (client) =>
    explainedBy(join(cluster.folder.logs, "kubelet.log"), async () => {
      await until(async () => holds(await client.get(nodes, { name }), "Ready"), {
        timeout: 60_000,
        what: `node ${name} to be Ready`,
      });
      await until(async () => holds(await client.get(deployments, dns), "Available"), {
        timeout: 90_000,
        what: `CoreDNS of ${name} to be Available`,
      });
    }),
  );
}

interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

function holds(object: KubeObject | undefined, condition: string): boolean {
  const { conditions = [] } = (object as { readonly status?: Conditions } | undefined)?.status ?? {};
  return conditions.some(({ type, status }) => type === condition && status === "True");
}

async function withAdmin<T>(cluster: Cluster, work: (client: Client) => Promise<T>): Promise<T> {
  const credentials = await kubeconfigFileCredentials(userConfig(cluster, "admin"));
  const client = createClient(credentials, { userAgent: "local-up" });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
