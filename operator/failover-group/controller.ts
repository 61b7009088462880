import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { type OwnershipMarks, ownSelector } from "../../kube/ownership.ts";
import { type Controller, HOME } from "../../kube/plan.ts";
import {
  clusterRoleBindings,
  configMaps,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  networkPolicies,
  podDisruptionBudgets,
  roleBindings,
  serviceAccounts,
  services,
  statefulSets,
} from "../../kube/resources.ts";
import { type FailoverGroupObject, failoverGroups, regions } from "../../crds/resources.ts";
import { type FailoverGroupDependencies, observe } from "./observe.ts";
import { type Action, plan, type Status } from "./plan.ts";
import type { World } from "./world.ts";

/** Keeps the stack of every FailoverGroup in its active region, and its names pointing there. */
export function failoverGroupController(
  dependencies: FailoverGroupDependencies,
): Controller<FailoverGroupObject, World, Status, Action> {
  return {
    name: "failover-group",
    resource: failoverGroups,
    observe: (group) => observe(group, dependencies),
    plan,
    async act(action) {
      await dependencies.dns.point(action);
    },
  };
}

/**
 * Watches what stacks are made of, in every cluster: only what the operator itself made, and no Secrets, which it may
 * not list. Called once, before clusters are engaged.
 */
export function watchForStacks(clusters: Clusters, marks: OwnershipMarks): void {
  const labelSelector = ownSelector(marks);
  for (const resource of [
    namespaces,
    configMaps,
    services,
    serviceAccounts,
    deployments,
    statefulSets,
    jobs,
    horizontalPodAutoscalers,
    podDisruptionBudgets,
    networkPolicies,
    roleBindings,
    clusterRoleBindings,
  ])
    clusters.watch({ resource, labelSelector });
  const where = (cluster: string): boolean => cluster === HOME;
  clusters.watch({ resource: failoverGroups, where });
  clusters.watch({ resource: regions, where });
}

/** Groups that a change of a Region, of another group or of the published names concerns. */
export function wakesFailoverGroups(
  clusters: Clusters,
  names: ObjectKey,
): (event: ClusterEvent) => readonly ObjectKey[] {
  const groups = (): readonly FailoverGroupObject[] =>
    clusters.get(HOME)?.cache(failoverGroups)?.list() ?? [];
  return ({ cluster, resource, change }) => {
    if (cluster !== HOME) return [];
    const { object, previous, type } = change;
    if (resource.kind === configMaps.kind) {
      const { name, namespace } = object.metadata;
      const isNames = name === names.name && namespace === names.namespace;
      return isNames ? groups().map(({ metadata }) => ({ name: metadata.name })) : [];
    }
    if (resource.kind === regions.kind) {
      // Its status changes with every stack of it; only what it is made of matters here.
      if (type === "updated" && previous?.metadata.generation === object.metadata.generation) return [];
      return groups()
        .filter(({ spec }) => spec.members.includes(object.metadata.name))
        .map(({ metadata }) => ({ name: metadata.name }));
    }
    if (resource.kind === failoverGroups.kind && type === "updated" && previous) {
      // Another one that has taken a new image, or given it up, makes way or holds up.
      const imagesOf = ({ status }: FailoverGroupObject) => `${status?.image} ${status?.failedImage}`;
      const same = imagesOf(object as FailoverGroupObject) === imagesOf(previous as FailoverGroupObject);
      return same ? [] : groups().map(({ metadata }) => ({ name: metadata.name }));
    }
    // A group that goes may free a host that another one waits for.
    if (resource.kind === failoverGroups.kind && type === "removed")
      return groups().map(({ metadata }) => ({ name: metadata.name }));
    return [];
  };
}
