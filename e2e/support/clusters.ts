import { access } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { namespaces } from "../../kube/resources.ts";
import { instanceOf } from "../../local/address-plan.ts";
import { runFolder } from "../../local/paths.ts";

/** Regions of the local platform, each a cluster of that name. */
export const REGIONS = ["ke", "eu"] as const;
export type RegionName = (typeof REGIONS)[number];

/** Every cluster of the platform. */
export type ClusterName = "hub" | RegionName;
export const CLUSTERS: readonly ClusterName[] = ["hub", ...REGIONS];

/** The running clusters, as their administrator. */
export interface Clusters {
  readonly runFolder: string;
  readonly clients: Readonly<Record<ClusterName, Client>>;
  close(): Promise<void>;
}

/** Which instance of the local platform the tests look at: `WEKEZA_INSTANCE`, 0 when unset. */
export function instanceRunFolder(): string {
  return runFolder(process.env, instanceOf(process.env));
}

/** The kubeconfig file of a cluster's administrator. */
export function kubeconfigFile(folder: string, cluster: ClusterName): string {
  return join(folder, `${cluster}.kubeconfig`);
}

/** @throws Error that says to run `make up`, when a cluster is not there. */
export async function openClusters(): Promise<Clusters> {
  const folder = instanceRunFolder();
  const open = async (cluster: ClusterName) => {
    const file = kubeconfigFile(folder, cluster);
    await access(file).catch((cause: unknown) => {
      throw new Error(`The cluster ${cluster} is not up: there is no ${file}. Run \`make up\` first.`, {
        cause,
      });
    });
    const client = createClient(await kubeconfigFileCredentials(file), {
      userAgent: "e2e",
      timeoutMs: 20_000,
    });
    await client.list(namespaces, { limit: 1, firstPageOnly: true }).catch((cause: unknown) => {
      throw new Error(`The cluster ${cluster} does not answer. Run \`make status\`, then \`make up\`.`, {
        cause,
      });
    });
    return client;
  };
  const [hub, ke, eu] = await Promise.all([open("hub"), open("ke"), open("eu")]);
  return {
    runFolder: folder,
    clients: { hub, ke, eu },
    close: async () => {
      await Promise.all([hub.close(), ke.close(), eu.close()]);
    },
  };
}
