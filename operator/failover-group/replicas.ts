import type { FailoverGroupReason } from "../../crds/failover-group.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { Component } from "./component.ts";

const NAME = "postgres-read";

/** The components without which a stack does not serve: while a read replica is away the primary answers. */
export function withoutReplicas(components: readonly Component[]): readonly Component[] {
  return components.filter(({ name }) => name !== NAME);
}

/** Whether the read replicas follow the database; said only of a stack that is to have some. */
export function replicaConditions(components: readonly Component[]): readonly ConditionStatement[] {
  const replicas = components.find(({ name }) => name === NAME);
  if (replicas === undefined) return [];
  const [status, reason, message]: readonly ["True" | "False", FailoverGroupReason, string] = replicas.ready
    ? ["True", "ReplicasFollow", "Every read replica streams from the database and is near it."]
    : [
        "False",
        "ReplicasAway",
        `${replicas.message ?? "not ready"}. Account information is answered by the database itself meanwhile, nothing is refused. ` +
          "A new replica copies the database first; if it stays so, see the log of its pod (postgres-read-0, …): it says what it waits for.",
      ];
  return [{ type: "ReadReplicasReady", status, reason, message }];
}
