import { SERVED_LABEL } from "../../crds/shard.ts";
import type { Client } from "../../kube/client.ts";
import { leases, type Lease } from "../../kube/resources.ts";
import type { Log } from "./logger.ts";

/** Who keeps a Lease, and what it says. */
export interface PodLeaseOptions {
  readonly client: Client;
  readonly namespace: string;
  /** `gateway`, `oauth` or `banking`. */
  readonly service: string;
  /** POD_NAME. */
  readonly pod: string;
  /** What there is to say now, as annotations (`SERVED` in crds/shard.ts). */
  readonly annotations: () => Readonly<Record<string, string>>;
  readonly log: Log;
}

/** Shortest time between two writes, in ms. */
const PACE_MS = 1_000;
/** The Lease is renewed this often without news, in ms, so that a dead pod's can be told from a live one's. */
const RENEW_MS = 10_000;
/** A Lease not renewed for so long belongs to nobody, in seconds. */
const DURATION_SECONDS = 30;

/**
 * Keeps this pod's Lease `served-<pod>` true, by which the operator hears of it: at most one write a second.
 *
 * Returns how to end it; the Lease then says that nobody holds it.
 */
export function keepPodLease(options: PodLeaseOptions): () => Promise<void> {
  const { client, namespace, service, pod, annotations, log } = options;
  const name = `served-${pod}`;
  let written = "";
  let writtenAt = 0;
  let known: Lease | undefined;
  let failing = false;
  let ended = false;

  const write = async (holder: string): Promise<void> => {
    const saying = annotations();
    // A container that started again in its pod finds the one it wrote before.
    known ??= await client.get(leases, { namespace, name });
    const lease: Lease = {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: {
        name,
        namespace,
        labels: { [SERVED_LABEL]: service },
        annotations: saying,
        resourceVersion: known?.metadata.resourceVersion,
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: holder === "" ? 1 : DURATION_SECONDS,
        renewTime: new Date().toISOString().replace("Z", "000Z"),
      },
    };
    try {
      known = await (known === undefined ? client.create(leases, lease) : client.replace(leases, lease));
    } catch (error) {
      known = undefined;
      throw error;
    }
    written = JSON.stringify(saying);
  };

  let writing: Promise<void> = Promise.resolve();
  const tick = (): void => {
    const now = performance.now();
    const news = JSON.stringify(annotations()) !== written;
    if (ended || (!news && now - writtenAt < RENEW_MS)) return;
    writtenAt = now;
    writing = writing
      .then(() => write(pod))
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          written = "";
          if (!failing) log.warn({ err: error, lease: name }, "served lease not written");
          failing = true;
        },
      );
  };
  tick();
  const timer = setInterval(tick, PACE_MS);
  timer.unref();
  return async () => {
    ended = true;
    clearInterval(timer);
    await writing;
    await write("").catch((error: unknown) =>
      log.warn({ err: error, lease: name }, "served lease not ended"),
    );
  };
}
