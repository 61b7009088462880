import { isIPv6 } from "node:net";
import type { Client } from "../../kube/client.ts";
import { endpointSlices, services } from "../../kube/resources.ts";
import type { ApiServerAddress } from "../stack/stack.ts";

interface ServiceSpec {
  readonly clusterIPs?: readonly string[];
  readonly ports?: readonly { readonly port: number }[];
}

interface Slice {
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
  readonly ports?: readonly { readonly port?: number }[];
}

/** Where it may be when the cluster does not say. */
const ANYWHERE: readonly ApiServerAddress[] = [
  { cidr: "0.0.0.0/0", port: 443 },
  { cidr: "0.0.0.0/0", port: 6443 },
];

/**
 * Where a cluster's API server answers its pods: the Service `default/kubernetes` and what stands behind it, because a
 * network policy may be enforced before or after the address is translated.
 *
 * In a fixed order, so that equal clusters give equal policies.
 *
 * @throws KubeError
 */
export async function apiServerAddresses(client: Client): Promise<readonly ApiServerAddress[]> {
  const service = await client.get(services, { namespace: "default", name: "kubernetes" });
  const slices = await client.list(endpointSlices, {
    namespace: "default",
    labelSelector: "kubernetes.io/service-name=kubernetes",
  });
  const { clusterIPs = [], ports = [] } = (service?.["spec"] ?? {}) as ServiceSpec;
  const found = [
    ...clusterIPs.flatMap((address) => ports.map(({ port }) => addressOf(address, port))),
    ...slices.items.flatMap((item) => {
      const { endpoints = [], ports: behind = [] } = item as unknown as Slice;
      const addresses = endpoints.flatMap((each) => each.addresses);
      return addresses.flatMap((address) => behind.map(({ port }) => addressOf(address, port ?? 443)));
    }),
  ];
  const byText = new Map(found.map((each) => [`${each.cidr} ${each.port}`, each]));
  const sorted = [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  return sorted.length > 0 ? sorted : ANYWHERE;
}

function addressOf(address: string, port: number): ApiServerAddress {
  return { cidr: `${address}/${isIPv6(address) ? 128 : 32}`, port };
}
