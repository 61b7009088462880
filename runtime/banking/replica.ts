import type { DatabaseConfig } from "../service/config.ts";
import type { ServiceIdentity } from "../service/identity.ts";
import type { Queries } from "../service/postgres.ts";
import { LOOK_MS, replicaReads, type ReplicaReads } from "../service/replica/replica-reads.ts";
import type { Setting } from "../service/start.ts";
import { Worker } from "../service/worker.ts";
import { readsCounter, replicaGauge } from "./metrics.ts";

/** What connections to replicas of banking's database need. */
export interface ReplicaSetting {
  readonly setting: Pick<Setting<unknown>, "log" | "registry" | "onStop">;
  /** The primary. */
  readonly database: Queries;
  readonly identity: ServiceIdentity;
}

/** Begins to look at a replica. What is found is no condition of readiness: while none is near the primary answers. */
export function startReplica(
  config: DatabaseConfig,
  { setting: { log, registry, onStop }, database, identity }: ReplicaSetting,
): ReplicaReads {
  const replica = replicaReads({
    primary: database,
    config,
    user: "banking",
    identity,
    log,
    clock: () => performance.now(),
    onRead: readsCounter(registry),
  });
  replicaGauge(registry, () => replica.lagMs());
  onStop("replica", () => replica.close());
  const looking = new Worker({
    name: "look at the replica",
    everyMs: LOOK_MS,
    longestRestMs: LOOK_MS,
    log,
    work: async () => {
      await replica.look();
      return false;
    },
  });
  onStop("look at the replica", () => looking.stop());
  return replica;
}
