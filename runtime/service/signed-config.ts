import { Cache } from "../../kube/cache.ts";
import type { Client } from "../../kube/client.ts";
import { Reflector } from "../../kube/reflector.ts";
import { configMaps, type ConfigMap } from "../../kube/resources.ts";
import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import type { Log } from "./logger.ts";
import type { PartnerDirectory } from "./shards.ts";

/** A running watch of the signed ConfigMaps of one namespace. */
export interface SignedConfigWatch {
  /** Undefined once everything there is has been taken in. */
  notSynced(): string | undefined;
  stop(): Promise<void>;
}

/** Feeds a directory from the roster and shards of a namespace, as they are and as they change. */
export function watchSignedConfig({
  client,
  namespace,
  directory,
  log,
}: {
  readonly client: Client;
  readonly namespace: string;
  readonly directory: PartnerDirectory;
  readonly log: Log;
}): SignedConfigWatch {
  const cache = new Cache<ConfigMap>({
    resource: configMaps,
    onError: (error) => log.error({ err: error }, "a signed document could not be taken in"),
  });
  cache.subscribe(({ type, object }) => {
    if (type === "removed") return;
    const { metadata, data = {} } = object;
    directory.take({
      name: metadata.name,
      resourceVersion: metadata.resourceVersion ?? "",
      payload: data[PAYLOAD_KEY],
      signature: data[SIGNATURE_KEY],
    });
  });
  const reflector = new Reflector({ client, cache, namespace, labelSelector: SHARD_LABEL, logger: log });
  reflector.start();
  return {
    notSynced: () => (cache.synced ? undefined : "the roster and shards have not been read yet"),
    stop: () => reflector.stop(),
  };
}
