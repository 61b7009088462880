import type { KubeObject } from "../../kube/object.ts";
import { namespaces, pods } from "../../kube/resources.ts";
import { until } from "../../local/wait.ts";
import { type Clusters, REGIONS } from "./clusters.ts";
import { type PlatformResource, platformResources } from "./owned-objects.ts";

/** Namespace of the resources that the platform comes with; what people and tests add stands elsewhere. */
const EXAMPLES = "partners";

/**
 * Waits until every region and group, and every resource the platform comes with, says Ready=True.
 *
 * A partner of a test, or of somebody who tries things, may wait for its approval for ever.
 *
 * @param timeout milliseconds.
 * @throws Error that names those that are not, with their own words.
 */
export async function awaitAllReady(clusters: Clusters, timeout: number): Promise<void> {
  let unready: readonly string[] = [];
  await until(
    async () => {
      const resources = (await platformResources(clusters)).filter(
        ({ object: { metadata } }) => metadata.namespace === undefined || metadata.namespace === EXAMPLES,
      );
      unready = resources.flatMap((each) => complaint(each) ?? []);
      return resources.length > 0 && unready.length === 0;
    },
    { timeout, every: 500, what: "every resource to be ready" },
  ).catch((cause: unknown) => {
    throw new Error(`After ${timeout / 1000} s there are still:\n${unready.join("\n")}`, { cause });
  });
}

/** What keeps a resource from being ready; undefined when it is. */
function complaint({ kind, object }: PlatformResource): string | undefined {
  const ready = object.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return undefined;
  return `${kind.kind} ${object.metadata.name}: ${ready?.message ?? "no Ready condition yet"}`;
}

interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The pods of every stack. */
export async function podsOfStacks({ clients }: Clusters): Promise<readonly KubeObject[]> {
  const found = REGIONS.map(async (region) => {
    const stacks = await clients[region].list(namespaces, { labelSelector: "openbanking.wekeza.io/stack" });
    const lists = stacks.items.map(({ metadata }) =>
      clients[region].list(pods, { namespace: metadata.name }),
    );
    return (await Promise.all(lists)).flatMap(({ items }) => items);
  });
  return (await Promise.all(found)).flat();
}

/**
 * Waits until every pod of every stack is another one than before, and ready or at its good end.
 *
 * @param timeout milliseconds.
 */
export async function awaitNewPods(
  clusters: Clusters,
  former: readonly KubeObject[],
  timeout: number,
): Promise<void> {
  const before = new Set(former.map(({ metadata }) => metadata.uid));
  const isWell = ({ metadata, status }: Pod): boolean =>
    !before.has(metadata.uid) &&
    (status?.phase === "Succeeded" ||
      status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true);
  await until(
    async () => {
      const all = await podsOfStacks(clusters);
      return all.length > 0 && all.every((pod) => isWell(pod as Pod));
    },
    { timeout, every: 1_000, what: "new pods in every stack" },
  );
}
