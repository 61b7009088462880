import type { Clusters } from "../../kube/clusters.ts";
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
import { replacePods } from "./left-pods.ts";
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
      if (action.do === "pointNames") await dependencies.dns.point(action);
      else {
        const cluster = dependencies.clusters.get(action.cluster);
        if (cluster) await replacePods(cluster.client, action.pods);
      }
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
