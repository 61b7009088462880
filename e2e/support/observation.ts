import { Cache } from "../../kube/cache.ts";
import { compareVersions, type KubeObject, kindText, type Resource } from "../../kube/object.ts";
import { Reflector } from "../../kube/reflector.ts";
import type { ClusterName, Clusters } from "./clusters.ts";
import type { OwnedObject } from "./owned-objects.ts";

/** Watches whole kinds in their clusters, so that a hundred objects can be waited for at once. */
export interface Observation {
  /** The object as last seen. */
  seen(owned: OwnedObject): KubeObject | undefined;
  /**
   * Waits until an object newer than `version` is as it should be.
   *
   * @param timeout milliseconds.
   * @returns milliseconds from now until then; undefined when it has not come in time.
   */
  becomes(
    owned: OwnedObject,
    version: string | undefined,
    holds: (object: KubeObject) => boolean,
    timeout: number,
  ): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Begins to watch the kinds of these objects. */
export async function observe({ clients }: Clusters, objects: readonly OwnedObject[]): Promise<Observation> {
  const caches = new Map<string, Cache<KubeObject>>();
  const reflectors: Reflector<KubeObject>[] = [];
  const placeOf = (cluster: ClusterName, resource: Resource<KubeObject>): string =>
    `${cluster} ${kindText(resource)}`;
  for (const { cluster, resource } of objects) {
    const place = placeOf(cluster, resource);
    if (caches.has(place)) continue;
    // With managedFields, which a cache leaves out otherwise: they say what the operator has set.
    const cache = new Cache<KubeObject>({ resource, transform: (object) => object });
    const reflector = new Reflector<KubeObject>({ client: clients[cluster], cache });
    reflector.start();
    caches.set(place, cache);
    reflectors.push(reflector);
  }
  await Promise.all([...caches.values()].map((cache) => cache.whenSynced));
  const cacheOf = ({ cluster, resource }: OwnedObject): Cache<KubeObject> => {
    const found = caches.get(placeOf(cluster, resource));
    if (!found) throw new Error(`${kindText(resource)} is not watched in ${cluster}.`);
    return found;
  };
  return {
    seen: (owned) => cacheOf(owned).get(owned.entry),
    becomes(owned, version, holds, timeout) {
      const cache = cacheOf(owned);
      const start = performance.now();
      return new Promise((resolve) => {
        const look = (): void => {
          const object = cache.get(owned.entry);
          if (!object || compareVersions(object.metadata.resourceVersion, version) <= 0 || !holds(object))
            return;
          end(performance.now() - start);
        };
        const end = (after: number | undefined): void => {
          clearTimeout(timer);
          unsubscribe();
          resolve(after);
        };
        const timer = setTimeout(() => end(undefined), timeout);
        const unsubscribe = cache.subscribe(look);
        look();
      });
    },
    stop: async () => void (await Promise.all(reflectors.map((reflector) => reflector.stop()))),
  };
}
