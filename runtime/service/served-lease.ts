import { SERVED } from "../../crds/shard.ts";
import { keepPodLease, type PodLeaseOptions } from "./pod-lease.ts";
import type { AppliedState, PartnerDirectory } from "./shards.ts";

/** Which pod serves partners, by what, and what it says beside. */
export interface ServedLeaseOptions extends Omit<PodLeaseOptions, "annotations"> {
  readonly startedAt: Date;
  readonly directory: PartnerDirectory;
  /** What the pod thinks of its callers, by client id; absent: it does not say. */
  readonly behaviour?: () => Readonly<Record<string, number>>;
  /** Requests a second that it takes; absent: it does not say. */
  readonly requests?: () => number;
}

/** The annotations that say what a pod has applied. */
export function servedAnnotations(state: AppliedState, startedAt: Date): Record<string, string> {
  return {
    [SERVED.startedAt]: startedAt.toISOString(),
    [SERVED.resourceVersion]: state.resourceVersion,
    [SERVED.rosterVersion]: String(state.rosterVersion),
    [SERVED.refused]: JSON.stringify(state.refused),
  };
}

/** Keeps the Lease of a pod that serves partners true: which roster and shards it serves by. Returns how to end it. */
export function keepServedLease(options: ServedLeaseOptions): () => Promise<void> {
  const { startedAt, directory, behaviour, requests, ...pod } = options;
  return keepPodLease({
    ...pod,
    annotations: () => ({
      ...servedAnnotations(directory.applied(), startedAt),
      ...(behaviour ? { [SERVED.behaviour]: JSON.stringify(behaviour()) } : {}),
      ...(requests ? { [SERVED.requests]: String(requests()) } : {}),
    }),
  });
}
