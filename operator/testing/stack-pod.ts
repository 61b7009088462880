import type { Client } from "../../kube/client.ts";
import { silent } from "../../kube/logger.ts";
import { keepServedLease } from "../../runtime/service/served-lease.ts";
import { createDirectory, type PartnerDirectory } from "../../runtime/service/shards.ts";
import { watchSignedConfig } from "../../runtime/service/signed-config.ts";
import type { ShardSigner } from "../shard-signer.ts";

/** What a gateway or an authorization server is to the operator: it reads what is signed and says what it has read. */
export interface StackPod {
  readonly directory: PartnerDirectory;
  stop(): Promise<void>;
}

/** Starts the real reader of signed configuration, as a pod of a stack. */
export function startStackPod(
  client: Client,
  service: string,
  {
    group,
    namespace = `stack-${group}`,
    signer,
    ...says
  }: {
    readonly group: string;
    /** Where it is, when not in the stack itself. */
    readonly namespace?: string;
    readonly signer: ShardSigner;
    readonly behaviour?: () => Readonly<Record<string, number>>;
  },
): StackPod {
  const startedAt = new Date();
  const directory = createDirectory({ group, trust: signer.trust, startedAt });
  const log = { ...silent, trace() {}, fatal() {}, child: () => log } as never;
  const watch = watchSignedConfig({ client, namespace, directory, log });
  const end = keepServedLease({
    client,
    namespace,
    service,
    pod: `${service}-1`,
    startedAt,
    directory,
    log,
    ...says,
  });
  return {
    directory,
    async stop() {
      await watch.stop();
      await end();
    },
  };
}
