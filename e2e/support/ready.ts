import { until } from "../../local/wait.ts";
import type { Clusters } from "./clusters.ts";
import { type PlatformResource, platformResources } from "./owned-objects.ts";

/**
 * Waits until every resource of the platform says Ready=True.
 *
 * @param timeout milliseconds.
 * @throws Error that names those that are not, with their own words.
 */
export async function awaitAllReady(clusters: Clusters, timeout: number): Promise<void> {
  let unready: readonly string[] = [];
  await until(
    async () => {
      const resources = await platformResources(clusters);
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
