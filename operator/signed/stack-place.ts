import { dedicatedClient } from "../../crds/dedicated.ts";
import { HOME } from "../../kube/plan.ts";
import type { FailoverGroupObject, RegionObject } from "../../crds/resources.ts";

/** Where a group's stack is. */
export interface StackPlace {
  readonly region: string;
  /** Name under which the kit knows its cluster. */
  readonly cluster: string;
  readonly namespace: string;
}

/** Namespace of a group's stack, in whatever cluster. */
export function stackNamespace(group: string): string {
  return `stack-${group}`;
}

/** Whether a namespace is a group's: that of its stack, or one of a partner's own gateways beside it. */
export function isOfGroup(namespace: string | undefined, group: string): boolean {
  const stack = stackNamespace(group);
  return namespace === stack || (namespace !== undefined && dedicatedClient(stack, namespace) !== undefined);
}

/** The place of a group's active member; undefined while the Region does not exist. */
export function stackPlace(
  group: FailoverGroupObject,
  regionNamed: (name: string) => RegionObject | undefined,
): StackPlace | undefined {
  const [home = ""] = group.spec.members;
  const region = regionNamed(home);
  if (!region) return undefined;
  return { region: home, cluster: clusterOf(region), namespace: stackNamespace(group.metadata.name) };
}

/** Name of a Region's cluster: its own, or the hub's when it brings none. */
export function clusterOf({ metadata, spec }: RegionObject): string {
  return spec.cluster ? metadata.name : HOME;
}
