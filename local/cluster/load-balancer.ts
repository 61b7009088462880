import { resource } from "../../kube/object.ts";
import { runController } from "./controller-loop.ts";
import { addressChanges, type Service } from "./service-address.ts";

const services = resource<Service>({
  apiVersion: "v1",
  kind: "Service",
  plural: "services",
  namespaced: true,
});

/**
 * Gives every Service of type LoadBalancer an address. kube-proxy then serves it; the way to it was laid when the cluster
 * was plugged in.
 *
 * Arguments: kubeconfig, pool.
 */
async function main([kubeconfig = "", pool = ""]: readonly string[]): Promise<void> {
  await runController("load-balancer", kubeconfig, [services], async ({ all, client, log }) => {
    for (const { service, address } of addressChanges(all(services), pool)) {
      const { namespace, name } = service.metadata;
      const ingress = address === undefined ? null : [{ ip: address, ipMode: "VIP" }];
      const patch = { merge: { status: { loadBalancer: { ingress } } } };
      await client.patch(services, { namespace, name }, patch, { subresource: "status" });
      log({ service: `${namespace}/${name}`, address }, "address written");
    }
  });
}

await main(process.argv.slice(2));
