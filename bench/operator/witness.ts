import { type PartnerObject, partners } from "../../crds/resources.ts";
import { Cache } from "../../kube/cache.ts";
import type { Client } from "../../kube/client.ts";
import { conditionOf } from "../../kube/condition.ts";
import { Reflector } from "../../kube/reflector.ts";
import { serviceAccounts } from "../../kube/resources.ts";

/** Sees for itself, over a watch of its own, when Partners are ready: no contestant is asked. */
export interface Witness {
  /** Resolves when at least so many Partners say `Ready` and `Synced` of their present spec. */
  ready(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Begins to watch Partners. */
export async function watchPartners(client: Client): Promise<Witness> {
  const cache = new Cache({ resource: partners });
  const reflector = new Reflector({ client, cache });
  const done = new Set<string>();
  const waiting = new Set<() => void>();
  const judge = (partner: PartnerObject): void => {
    if (isDone(partner)) done.add(partner.metadata.name);
    else done.delete(partner.metadata.name);
  };
  cache.subscribe(({ type, object }) => {
    if (type === "removed") done.delete(object.metadata.name);
    else judge(object);
    for (const look of waiting) look();
  });
  reflector.start();
  await cache.whenSynced;
  return {
    async ready(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (done.size >= count) resolve();
      };
      waiting.add(look);
      look();
      await promise;
      waiting.delete(look);
    },
    stop: () => reflector.stop(),
  };
}

/** Begins to watch for a Partner's first object; `seen` resolves when it is there. */
export async function watchFirstObject(
  client: Client,
  name: string,
): Promise<{ readonly seen: Promise<void>; stop(): Promise<void> }> {
  const cache = new Cache({ resource: serviceAccounts });
  const reflector = new Reflector({ client, cache, fieldSelector: `metadata.name=${name}` });
  const { promise, resolve } = Promise.withResolvers<void>();
  cache.subscribe(({ type }) => {
    if (type === "added") resolve();
  });
  reflector.start();
  await cache.whenSynced;
  return { seen: promise, stop: () => reflector.stop() };
}

function isDone({ metadata, status }: PartnerObject): boolean {
  return ["Ready", "Synced"].every((type) => {
    const condition = conditionOf(status?.conditions, type);
    return condition?.status === "True" && condition.observedGeneration === metadata.generation;
  });
}
