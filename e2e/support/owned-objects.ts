import type { InventoryEntry } from "../../crds/condition.ts";
import { consentPolicies, failoverGroups, partners, regions } from "../../crds/resources.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { builtIns, resourceTable } from "../../kube/resources.ts";
import { CLUSTERS, type ClusterName, type Clusters } from "./clusters.ts";
import { ownedLeaves } from "./owned-fields.ts";

/** Field manager of everything the operator applies. */
export const OPERATOR = "wekeza-operator";

/** An object of the operator, and how to get at it. */
export interface OwnedObject {
  /** `ke: apps/v1 Deployment stack-east-africa/gateway`. */
  readonly text: string;
  readonly entry: InventoryEntry;
  readonly cluster: ClusterName;
  readonly client: Client;
  readonly resource: Resource<KubeObject>;
}

/** Every kind of the platform itself. */
export const OWN_KINDS: readonly Resource<KubeObject>[] = [
  regions,
  failoverGroups,
  consentPolicies,
  partners,
];

/** Every resource of the platform in the hub. */
export async function platformResources({ clients }: Clusters): Promise<readonly PlatformResource[]> {
  const lists = OWN_KINDS.map(async (kind) => {
    const { items } = await clients.hub.list(kind);
    return items.map((object) => ({ kind, object: object as WithStatus }));
  });
  return (await Promise.all(lists)).flat();
}

export interface PlatformResource {
  readonly kind: Resource<KubeObject>;
  readonly object: WithStatus;
}

/** The part of every kind's status that is alike. */
export interface WithStatus extends KubeObject {
  readonly status?: {
    readonly inventory?: readonly InventoryEntry[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message: string;
    }[];
  };
}

/**
 * Every object of the operator in every cluster: what its resources' inventories name, and whatever else it applied and
 * marked as its own, such as the rosters, which belong to no inventory.
 */
export async function ownedObjects(clusters: Clusters): Promise<readonly OwnedObject[]> {
  const listed = (await platformResources(clusters)).flatMap(({ object }) => object.status?.inventory ?? []);
  const entries = [...listed, ...(await markedEntries(clusters))];
  const byPlace = new Map(entries.map((entry) => [ownedObject(clusters, entry).text, entry]));
  return [...byPlace.values()].map((entry) => ownedObject(clusters, entry));
}

/** Kinds the operator never applies, and that copy the labels of what it does apply. */
const COPIES = new Set([
  "Pod",
  "ReplicaSet",
  "EndpointSlice",
  "Endpoints",
  "Event",
  "PersistentVolumeClaim",
  "Node",
]);

async function markedEntries({ clients }: Clusters): Promise<readonly InventoryEntry[]> {
  const kinds = builtIns.filter(({ kind }) => !COPIES.has(kind));
  const found = CLUSTERS.flatMap((cluster) =>
    kinds.map(async (resource) => {
      const labelSelector = `app.kubernetes.io/managed-by=${OPERATOR}`;
      const { items } = await clients[cluster].list(resource, { labelSelector });
      return items
        .filter((object) => ownedLeaves(object, OPERATOR).length > 0)
        .map(({ apiVersion, kind, metadata: { namespace, name } }) => ({
          cluster,
          apiVersion,
          kind,
          name,
          ...(namespace === undefined ? {} : { namespace }),
        }));
    }),
  );
  return (await Promise.all(found)).flat();
}

function ownedObject({ clients }: Clusters, entry: InventoryEntry): OwnedObject {
  const cluster = clusterOf(entry.cluster);
  const place = entry.namespace === undefined ? entry.name : `${entry.namespace}/${entry.name}`;
  return {
    text: `${cluster}: ${entry.apiVersion} ${entry.kind} ${place}`,
    entry,
    cluster,
    client: clients[cluster],
    resource: table.of(entry),
  };
}

const table = resourceTable(OWN_KINDS as readonly Resource<never>[]);

/** The object as it is now. */
export function presentState({ client, resource, entry }: OwnedObject): Promise<KubeObject | undefined> {
  return client.get(resource, { namespace: entry.namespace, name: entry.name });
}

function clusterOf(name: string): ClusterName {
  // The hub is the operator's home cluster, and an inventory calls it so.
  if (name === "hub" || name === "home") return "hub";
  if (name === "ke" || name === "eu") return name;
  throw new Error(`An inventory names the cluster ${name}, which these tests do not know.`);
}
