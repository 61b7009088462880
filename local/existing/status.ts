import type { Service } from "../cluster/service-address.ts";
import { addressOf } from "../cluster/service-address.ts";
import type { Kubectl } from "../platform/kubectl.ts";
import { list } from "./cluster-facts.ts";

/** A pod as far as it tells whether it serves. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

const OURS = ["--all-namespaces", "--selector=app.kubernetes.io/part-of=wekeza"] as const;

/** What `make status CONTEXT=name` prints: pods by namespace, load balancers, and every resource with its columns. */
export async function existingStatus(context: string, cluster: Kubectl): Promise<string> {
  const pods = await list<Pod>(cluster, ["pods", ...OURS]);
  if (pods.length === 0)
    return `The platform is not in the cluster of context ${context}; "make up CONTEXT=${context} REGISTRY=host/path" puts it there.`;
  const services = await list<Service>(cluster, ["services", ...OURS]);
  const resources = await cluster(["get", "wekeza", "--all-namespaces"]);
  return [...podLines(pods), "", ...addressLines(services), "", resources.trimEnd()].join("\n");
}

/** One line per namespace: how many pods are ready of those wanted, and how often they were started again. */
export function podLines(pods: readonly Pod[]): readonly string[] {
  const line = (namespace: string, ready: string, restarts: string) =>
    `${namespace.padEnd(28)}${ready.padEnd(12)}${restarts}`;
  // A finished job's pod is not missing.
  const wanted = pods.filter(({ status }) => status?.phase !== "Succeeded");
  const groups = Map.groupBy(wanted, ({ metadata }) => metadata.namespace ?? "");
  const lines = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([namespace, members]) => {
      const restarts = members.flatMap(({ status }) => status?.containerStatuses ?? []);
      const count = restarts.reduce((sum, { restartCount }) => sum + restartCount, 0);
      return line(namespace, `${members.filter(isReady).length}/${members.length}`, String(count));
    });
  return [line("NAMESPACE", "PODS READY", "RESTARTS"), ...lines];
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: yes }) => type === "Ready" && yes === "True") ?? false;
}

function addressLines(services: readonly Service[]): readonly string[] {
  return services.flatMap((service) => {
    const address = addressOf(service);
    const { namespace = "", name } = service.metadata;
    return address === undefined ? [] : [`${address} ${namespace}/${name}`];
  });
}
