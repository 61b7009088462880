import type { PartnerReason, PartnerStatus } from "../../crds/partner-status.ts";
import { hasSeen } from "../signed/server.ts";
import type { GroupWorld } from "./world.ts";

/** A group as status tells of it. */
export type GroupStatus = NonNullable<PartnerStatus["groups"]>[number];

/** Whether one group serves what the Partner says now, or why not. */
export interface Serving {
  readonly status: GroupStatus;
  /** Undefined: served. */
  readonly reason: PartnerReason | undefined;
}

/**
 * Whether every pod of a group serves the newest shard.
 *
 * @param version of the shard as it should be; undefined while none can be made.
 * @param remembered the version status tells of.
 */
export function servingOf(
  group: GroupWorld,
  clientId: string,
  version: number | undefined,
  remembered: number | undefined,
): Serving {
  const shardVersion = group.shard?.version ?? remembered;
  const answer = (reason: PartnerReason | undefined, message: string | undefined): Serving => ({
    reason,
    status: {
      name: group.name,
      ...(group.region === undefined ? {} : { region: group.region }),
      ...(shardVersion === undefined ? {} : { shardVersion }),
      served: reason === undefined,
      ...(message === undefined ? {} : { message: message.slice(0, 500) }),
      ...(group.gateways?.host === undefined ? {} : { host: group.gateways.host }),
    },
  });
  switch (group.stack) {
    case "missing":
      return answer("GroupMissing", group.problem);
    case "away":
      return answer("RegionUnreachable", group.problem);
    case "unready":
      return answer("GroupNotReady", group.problem);
    case "there":
  }
  const { own } = group;
  const serving = group.servers.filter(({ rosterVersion }) => rosterVersion > 0);
  // Those of the partner's own that are starting serve nobody yet, so nothing waits for them.
  const ownServing = own?.servers.filter(({ rosterVersion }) => rosterVersion > 0) ?? [];
  const refusing = [...serving, ...ownServing].find(({ refused }) => refused.has(clientId));
  if (refusing) {
    return answer(
      "ShardRefused",
      `${refusing.pod} refused the shard: ${refusing.refused.get(clientId) ?? ""}.`,
    );
  }
  const written =
    version !== undefined &&
    group.shard?.version === version &&
    (own?.shard ?? group.shard).version === version;
  const behind =
    serving.find((server) => !hasSeen(server, group.configMap?.metadata.resourceVersion)) ??
    ownServing.find((server) => !hasSeen(server, own?.configMap?.metadata.resourceVersion));
  if (!written)
    return answer("AwaitingGateways", `The newest settings are on their way to group ${group.name}.`);
  if (behind) return answer("AwaitingGateways", `${behind.pod} has not taken in the newest settings yet.`);
  if (!serving.some(({ service }) => service === "gateway")) {
    return answer("AwaitingGateways", `No gateway of group ${group.name} serves yet.`);
  }
  return answer(undefined, undefined);
}

/** Whether every pod of a group, and of the partner's own there, serves by a roster that suspends the partner. */
export function isSuspendedIn(group: GroupWorld, clientId: string): boolean {
  return isSuspendedBy(group, clientId) && (group.own === undefined || isSuspendedBy(group.own, clientId));
}

function isSuspendedBy(
  { roster, servers }: Pick<GroupWorld, "roster" | "servers">,
  clientId: string,
): boolean {
  const entry = roster?.partners.find((each) => each.clientId === clientId);
  const serving = servers.filter(({ rosterVersion }) => rosterVersion > 0);
  return (
    entry?.suspended === true && serving.every((server) => server.rosterVersion >= (roster?.version ?? 0))
  );
}
