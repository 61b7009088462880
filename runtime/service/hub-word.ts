import { HUB_LEASE, SERVED } from "../../crds/shard.ts";
import { Cache } from "../../kube/cache.ts";
import type { Client } from "../../kube/client.ts";
import { Reflector } from "../../kube/reflector.ts";
import { leases, type Lease } from "../../kube/resources.ts";
import type { HubWord, Isolation } from "./isolation.ts";
import type { Log } from "./logger.ts";

/** What a Lease of the hub says; undefined when it says nothing that can be used. */
export function hubWordOf({ metadata, spec }: Lease): HubWord | undefined {
  const saidAt = Date.parse(spec?.renewTime ?? "");
  const rosterVersion = Number(metadata.annotations?.[SERVED.rosterVersion]);
  if (Number.isNaN(saidAt) || Number.isNaN(rosterVersion)) return undefined;
  return { holder: spec?.holderIdentity ?? "", saidAt, rosterVersion };
}

/** Lets an isolation watch hear the hub in a stack's namespace. Returns how to stop that. */
export function hearHub({
  client,
  namespace,
  isolation,
  log,
}: {
  readonly client: Client;
  readonly namespace: string;
  readonly isolation: Isolation;
  readonly log: Log;
}): () => Promise<void> {
  const cache = new Cache<Lease>({
    resource: leases,
    onError: (error) => log.error({ err: error }, "the hub's Lease could not be taken in"),
  });
  cache.subscribe(({ type, object }) => {
    const word = type === "removed" ? undefined : hubWordOf(object);
    if (word !== undefined) isolation.hear(word);
  });
  const fieldSelector = `metadata.name=${HUB_LEASE}`;
  const reflector = new Reflector({ client, cache, namespace, fieldSelector, logger: log });
  reflector.start();
  return () => reflector.stop();
}
