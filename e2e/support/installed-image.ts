import type { Manifest } from "../../kube/object.ts";
import { configMaps, deployments } from "../../kube/resources.ts";
import type { Clusters } from "./clusters.ts";
import { awaitOperatorReady } from "./operator.ts";

const CONFIG = { namespace: "wekeza-system", name: "wekeza-operator-config" };
const OPERATOR = { namespace: "wekeza-system", name: "wekeza-operator" };
const FILE = "config.json";

interface OperatorConfig {
  readonly images: { readonly wekeza: string };
}

async function config({ clients }: Clusters): Promise<OperatorConfig> {
  const found = await clients.hub.get(configMaps, CONFIG);
  return JSON.parse(found?.data?.[FILE] ?? "") as OperatorConfig;
}

/** The image of the platform's own processes that regions are to run. */
export async function installedImage(clusters: Clusters): Promise<string> {
  return (await config(clusters)).images.wekeza;
}

/** Installs another image for the regions, as a release does: the operator's configuration, and a restart of it. */
export async function installImage(clusters: Clusters, wekeza: string): Promise<void> {
  const before = await config(clusters);
  const text = JSON.stringify({ ...before, images: { ...before.images, wekeza } });
  const { hub } = clusters.clients;
  await hub.patch(configMaps, CONFIG, { merge: { data: { [FILE]: text } } });
  const annotations = { "openbanking.wekeza.io/restarted-for": wekeza.replace(/.*:/, "") };
  await hub.patch(deployments, OPERATOR, {
    merge: { spec: { template: { metadata: { annotations } } } } as unknown as Manifest,
  });
  await awaitOperatorReady(clusters);
}
