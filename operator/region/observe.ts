import type { Clusters } from "../../kube/clusters.ts";
import { conditionOf } from "../../kube/condition.ts";
import { isUnreachable, KubeError } from "../../kube/error.ts";
import { isOwned, type OwnershipMarks } from "../../kube/ownership.ts";
import { HOME } from "../../kube/plan.ts";
import { type FailoverGroupObject, failoverGroups, type RegionObject } from "../../crds/resources.ts";
import { clusterOf } from "../signed/stack-place.ts";
import type { Engaged, Engagement } from "./engagement.ts";
import type { GroupView, Reach, World } from "./world.ts";

/** What the controller of Regions works with. */
export interface RegionDependencies {
  readonly clusters: Clusters;
  readonly engagement: Engagement;
  readonly marks: OwnershipMarks;
  /** Namespace of the kubeconfig Secrets. */
  readonly namespace: string;
  /** Zone of the host names of a region's own group. */
  readonly zone: string;
}

/** Reads everything a region's plan depends on. @throws KubeError for the hub; a region's silence is part of the world. */
export async function observe(region: RegionObject, dependencies: RegionDependencies): Promise<World> {
  const { clusters, engagement, marks, zone } = dependencies;
  const engaged = await engagement.ensure(region);
  const groups = clusters.get(HOME)?.cache(failoverGroups)?.list() ?? [];
  return {
    reach: await reachOf(region, engaged, clusters),
    token: "token" in engaged ? engaged.token : undefined,
    groups: groups.map((group) => viewOf(group, region, marks)),
    zone,
  };
}

async function reachOf(region: RegionObject, engaged: Engaged, clusters: Clusters): Promise<Reach> {
  if ("missing" in engaged) return { state: "credentialsMissing", message: engaged.missing };
  const { server } = engaged;
  const client = clusters.get(clusterOf(region))?.client;
  if (!client) return { state: "unreachable", server, message: `The cluster at ${server} is not engaged.` };
  try {
    // A token that is not believed is refused here too, although anybody may read the version.
    const { body } = await client.raw({
      method: "GET",
      path: "/version",
      repeatable: true,
      timeoutMs: 5_000,
    });
    return { state: "reachable", server, version: (body as { readonly gitVersion: string }).gitVersion };
  } catch (error) {
    const reach = silenceOf(server, error);
    if (reach) return reach;
    throw error;
  }
}

/** What it means that a cluster did not tell its version; undefined when it means something else than the cluster. */
export function silenceOf(server: string, error: unknown): Reach | undefined {
  if (isUnreachable(error)) {
    const next =
      "It is tried again every few seconds; start it, or put its present address into the kubeconfig.";
    return {
      state: "unreachable",
      server,
      message: `GET ${server}/version: ${(error as KubeError).message} ${next}`,
    };
  }
  if (error instanceof KubeError && (error.status === 401 || error.status === 403))
    return {
      state: "credentialsRefused",
      server,
      message: `${server} refuses the operator's credential (${error.status}): ${error.message} Renew the Secret's kubeconfig.`,
    };
  return undefined;
}

function viewOf(group: FailoverGroupObject, region: RegionObject, marks: OwnershipMarks): GroupView {
  const { name } = region.metadata;
  const { spec, status, metadata } = group;
  return {
    name: metadata.name,
    member: spec.members.includes(name),
    active: (status?.active ?? spec.members[0]) === name,
    ready: conditionOf(status?.conditions, "Ready")?.status === "True",
    own: isOwned(group, region, marks),
  };
}
