import { hubManifests } from "../../deploy/hub.ts";
import { regionManifests } from "../../deploy/region.ts";
import { ANY_API_SERVER, type ApiServerAddress, type HubSettings } from "../../deploy/settings.ts";
import type { Kubectl } from "../platform/kubectl.ts";
import { applyInstallation } from "../platform/platform.ts";
import { hubSecrets, regionSecrets } from "../platform/secrets.ts";
import { type Trust, ZONE } from "../platform/trust.ts";
import { list } from "./cluster-facts.ts";
import { HERE } from "./examples.ts";

/** What pods name to have the images. */
export type References = HubSettings["images"];

/**
 * Puts hub and region into one cluster, with their keys. Safe to repeat.
 *
 * @param operatorKeyStore where the operator's key is, if in no Secret.
 */
export async function install(
  cluster: Kubectl,
  images: References,
  trust: Trust,
  operatorKeyStore?: HubSettings["operatorKeyStore"],
): Promise<void> {
  const apiServer = await apiServers(cluster);
  const signs = operatorKeyStore ? { operatorKeyStore } : {};
  await applyInstallation(
    cluster,
    [
      ...hubManifests({ images, zone: ZONE, apiServer, automaticApproval: true, ...signs }),
      ...regionManifests({ images, apiServer, hub: true }),
    ],
    [...hubSecrets(trust), ...regionSecrets(trust, HERE)],
  );
}

/** Policies are enforced behind the Service of the API server, whose own port differs from cluster to cluster. */
async function apiServers(cluster: Kubectl): Promise<readonly ApiServerAddress[]> {
  const slices = await list<{ readonly ports?: readonly { readonly port?: number }[] }>(cluster, [
    "endpointslices",
    "--namespace=default",
    "--selector=kubernetes.io/service-name=kubernetes",
  ]);
  const ports = slices.flatMap((slice) => slice.ports ?? []).map(({ port }) => port ?? 443);
  const others = [...new Set(ports)].filter((port) => ANY_API_SERVER.every((known) => known.port !== port));
  return [...ANY_API_SERVER, ...others.map((port) => ({ cidr: "0.0.0.0/0", port }))];
}
