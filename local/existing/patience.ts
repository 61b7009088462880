import type { Kubectl } from "../platform/kubectl.ts";
import { list } from "./cluster-facts.ts";
import { balancerComplaint, podComplaint, type PodView, type ServiceView } from "./waiting.ts";

/** Longest wait for pods whose images must be pulled first. */
export const PATIENCE = "600s";

/** Longest wait for the first address of a load balancer: clouds take two or three minutes. */
const BALANCER_PATIENCE = "300s";

/** Waits until the Deployments of namespaces run as wanted. @throws Error that says of each pod why it does not. */
export async function rolledOut(cluster: Kubectl, namespaces: readonly string[]): Promise<void> {
  const wait = ["rollout", "status", "deployment", `--timeout=${PATIENCE}`];
  await explained(
    () => Promise.all(namespaces.map((namespace) => cluster([...wait, `--namespace=${namespace}`]))),
    async () => {
      const pods = await Promise.all(
        namespaces.map((namespace) => list<PodView>(cluster, ["pods", `--namespace=${namespace}`])),
      );
      return pods.flat().map(podComplaint);
    },
  );
}

/**
 * Waits until a Service has an address of a load balancer.
 *
 * @returns the address or host name.
 * @throws Error that says what the cluster lacks.
 */
export async function addressed(cluster: Kubectl, namespace: string, name: string): Promise<string> {
  const path = "{.status.loadBalancer.ingress[0]}";
  const wait = ["wait", `service/${name}`, `--namespace=${namespace}`, `--timeout=${BALANCER_PATIENCE}`];
  await explained(
    () => cluster([...wait, `--for=jsonpath=${path}`]),
    async () => [
      balancerComplaint(await list<ServiceView>(cluster, ["services", `--namespace=${namespace}`])),
    ],
  );
  const { ip, hostname } = JSON.parse(
    await cluster(["get", "service", name, `--namespace=${namespace}`, `--output=jsonpath=${path}`]),
  ) as { readonly ip?: string; readonly hostname?: string };
  return ip ?? hostname ?? "";
}

/** Does something; when it fails, what the cluster itself says about it comes first. */
export async function explained<T>(
  work: () => Promise<T>,
  complaints: () => Promise<readonly (string | undefined)[]>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const found = (await complaints()).filter((line) => line !== undefined);
    if (found.length === 0) throw cause;
    throw new Error(found.join("\n"), { cause });
  }
}
