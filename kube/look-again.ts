import type { Cluster } from "./cluster.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";

/**
 * Puts into the cache what the server has now: for a writer that was told that its picture is old.
 *
 * @param by as for {@link Cache.wrote}.
 */
export async function lookAgain<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  key: ObjectKey,
  by: string,
): Promise<void> {
  const live = await cluster.client.get(resource, key);
  const cache = cluster.cache(resource);
  const known = cache?.get(key);
  if (live) cache?.wrote(live, by);
  // No watch event tells of it: an object without our labels is not watched.
  else if (known) cache?.removed(known);
}
