import { SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import type { Client } from "../../kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../kube/error.ts";
import { leases, type Lease } from "../../kube/resources.ts";
import type { Log } from "./logger.ts";
import type { AppliedState, PartnerDirectory } from "./shards.ts";

/** Who keeps the Lease, and what it says. */
export interface ServedLeaseOptions {
  readonly client: Client;
  readonly namespace: string;
  /** `gateway` or `oauth`. */
  readonly service: string;
  /** POD_NAME. */
  readonly pod: string;
  readonly startedAt: Date;
  readonly directory: PartnerDirectory;
  readonly log: Log;
  /** What the pod thinks of its callers, by client id; absent: it does not say. */
  readonly behaviour?: () => Readonly<Record<string, number>>;
  /** Requests a second that it takes; absent: it does not say. */
  readonly requests?: () => number;
}

/** Shortest time between two writes, in ms. */
const PACE_MS = 1_000;
/** The Lease is renewed this often without news, in ms, so that a dead pod's can be told from a live one's. */
const RENEW_MS = 10_000;
/** A Lease not renewed for so long belongs to nobody, in seconds. */
const DURATION_SECONDS = 30;

/** The annotations that say what a pod has applied. */
export function servedAnnotations(state: AppliedState, startedAt: Date): Record<string, string> {
  return {
    [SERVED.startedAt]: startedAt.toISOString(),
    [SERVED.resourceVersion]: state.resourceVersion,
    [SERVED.rosterVersion]: String(state.rosterVersion),
    [SERVED.refused]: JSON.stringify(state.refused),
  };
}

/**
 * Keeps this pod's Lease `served-<pod>` true: which roster and shards it serves by, at most one write a second.
 *
 * Returns how to end it; the Lease then says that nobody holds it.
 */
export function keepServedLease(options: ServedLeaseOptions): () => Promise<void> {
  const { client, namespace, service, pod, startedAt, directory, log, behaviour, requests } = options;
  const name = `served-${pod}`;
  let written = "";
  let writtenAt = 0;
  let known: Lease | undefined;
  let failing = false;
  let ended = false;

  const annotationsNow = (): Record<string, string> => ({
    ...servedAnnotations(directory.applied(), startedAt),
    ...(behaviour ? { [SERVED.behaviour]: JSON.stringify(behaviour()) } : {}),
    ...(requests ? { [SERVED.requests]: String(requests()) } : {}),
  });
  const write = async (holder: string): Promise<void> => {
    const annotations = annotationsNow();
    const lease: Lease = {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: {
        name,
        namespace,
        labels: { [SERVED_LABEL]: service },
        annotations,
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
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
      known = await client.get(leases, { namespace, name });
      throw error;
    }
    written = JSON.stringify(annotations);
  };

  let writing: Promise<void> = Promise.resolve();
  const tick = (): void => {
    const now = performance.now();
    const news = JSON.stringify(annotationsNow()) !== written;
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
