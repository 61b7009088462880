import type { FailoverGroupReason } from "../../crds/failover-group.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import { sameQuantity } from "../../kube/quantity.ts";
import { activeOf } from "./finding.ts";
import { activeSpec } from "./stack-of.ts";
import type { MadeVolume, World } from "./world.ts";

const REASON: FailoverGroupReason = "VolumesKept";

/** That volumes are not as their Region says by now, because they keep what they were made with; said only while it is so. */
export function volumeConditions(group: FailoverGroupObject, world: World): readonly ConditionStatement[] {
  const { database, stream } = activeSpec(group, world);
  const { postgres, replicas, kafka } = world.region?.made ?? {};
  const { storageClass } = database;
  const kept = [
    ...(postgres ? differences("postgres", postgres, database) : []),
    ...(replicas && database.readReplicas > 0 ? differences("postgres-read", replicas, database) : []),
    // The size of Kafka's volume is no Region's to say.
    ...(kafka && stream ? differences("kafka", kafka, { storageClass }) : []),
  ];
  if (kept.length === 0) return [];
  const message =
    `Not as Region ${activeOf(group)} says in spec.database: ${kept.join("; ")}. A volume keeps what it was made with. ` +
    "Put the former values back, or delete the group (and its data) and make it anew.";
  return [{ type: "VolumesCurrent", status: "False", reason: REASON, message }];
}

function differences(
  name: string,
  made: Partial<MadeVolume>,
  wanted: Partial<MadeVolume>,
): readonly string[] {
  const sizes = [made.storage, wanted.storage] as const;
  const differs = sizes[0] !== undefined && sizes[1] !== undefined && !sameQuantity(sizes[0], sizes[1]);
  const [has, says] = [made, wanted].map(({ storageClass = "" }) => storageClass);
  return [
    ...(differs ? [`${name} has ${sizes[0]}, not ${sizes[1]}`] : []),
    ...(has === says ? [] : [`${name} is of ${classText(has)}, not of ${classText(says)}`]),
  ];
}

function classText(name = ""): string {
  return name === "" ? "its cluster's default StorageClass" : `StorageClass ${name}`;
}
