import { PAYLOAD_KEY, SERVED_LABEL, SHARD_LABEL, SIGNATURE_KEY } from "../crds/shard.ts";
import type { Client } from "../kube/client.ts";
import type { ConfigMap, Lease } from "../kube/resources.ts";
import { leases } from "../kube/resources.ts";
import type { ShardSigner } from "../operator/shard-signer.ts";
import { servedAnnotations } from "../runtime/service/served-lease.ts";
import { createDirectory, type PartnerDirectory } from "../runtime/service/shards.ts";
import { CORNER_LABEL } from "./corner.ts";
import type { History } from "./historian.ts";

/** A gateway as far as the operator knows one: it takes in what is signed, and says so on its Lease. */
export interface StackPod {
  readonly directory: PartnerDirectory;
  stop(): Promise<void>;
}

/** How long news are gathered before the Lease says them, in ms. */
const GATHER = 20;
/** How long it waits for its namespace, in ms. */
const AWAY = 250;

/** Starts the gateway of a group's stack: the real directory, fed from the history instead of a watch of its own. */
export function startStackPod(
  history: History,
  client: Client,
  { group, token, signer }: { readonly group: string; readonly token: string; readonly signer: ShardSigner },
): StackPod {
  const startedAt = new Date();
  const namespace = `stack-${group}`;
  const directory = createDirectory({ group, trust: signer.trust, startedAt });
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let writing: Promise<unknown> = Promise.resolve();
  const write = (): void => {
    timer = undefined;
    const lease: Lease = {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: {
        namespace,
        name: "served-gateway-1",
        labels: { [SERVED_LABEL]: "gateway", [CORNER_LABEL]: token },
        annotations: servedAnnotations(directory.applied(), startedAt),
      },
      spec: {
        holderIdentity: "gateway-1",
        leaseDurationSeconds: 3_600,
        renewTime: startedAt.toISOString().replace("Z", "000Z"),
      },
    };
    writing = writing
      .then(() => client.apply(leases, lease, { fieldManager: "gateway", force: true }))
      // Its namespace is not there yet, or not any more.
      .catch(() => !stopped && soon(AWAY));
  };
  const soon = (ms = GATHER): void => {
    timer ??= setTimeout(write, ms);
  };
  history.onEvent(({ type, object }) => {
    const { metadata } = object;
    if (type === "removed" || metadata.namespace !== namespace || !metadata.labels?.[SHARD_LABEL]) return;
    const { data = {} } = object as ConfigMap;
    const { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature } = data;
    directory.take({
      name: metadata.name,
      resourceVersion: metadata.resourceVersion ?? "",
      payload,
      signature,
    });
    soon();
  });
  soon();
  return {
    directory,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await writing;
    },
  };
}
