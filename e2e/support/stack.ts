import { PAYLOAD_KEY, ROSTER_NAME, Roster, shardName } from "../../crds/shard.ts";
import { configMaps } from "../../kube/resources.ts";
import { Value } from "typebox/value";
import type { Group } from "../../cli/quickstart/platform.ts";
import { type Clusters, REGIONS, type RegionName } from "./clusters.ts";

/** Where a group's stack is. */
export interface StackPlace {
  readonly region: RegionName;
  readonly namespace: string;
}

/** @throws Error when the group is served by no region of the local platform. */
export function stackOf({ name, region }: Group): StackPlace {
  const known = REGIONS.find((each) => each === region);
  if (known === undefined)
    throw new Error(`The group ${name} is served in ${region}, which is no local region.`);
  return { region: known, namespace: `stack-${name}` };
}

/** The roster as it stands in a stack, its signature not checked. */
export async function rosterIn({ clients }: Clusters, { region, namespace }: StackPlace): Promise<Roster> {
  const found = await clients[region].get(configMaps, { namespace, name: ROSTER_NAME });
  return Value.Parse(Roster, JSON.parse(found?.data?.[PAYLOAD_KEY] ?? "null"));
}

/** Whether a stack has a shard of that partner. */
export async function hasShard(
  { clients }: Clusters,
  { region, namespace }: StackPlace,
  clientId: string,
): Promise<boolean> {
  return (await clients[region].get(configMaps, { namespace, name: shardName(clientId) })) !== undefined;
}
