import { dedicatedNamespace } from "../../crds/dedicated.ts";
import { shardName } from "../../crds/shard.ts";
import type { Cluster } from "../../kube/cluster.ts";
import type { Clusters } from "../../kube/clusters.ts";
import { isUnreachable } from "../../kube/error.ts";
import type { Manifest, Resource } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import {
  type ConfigMap,
  configMaps,
  deployments,
  jobs,
  leases,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
} from "../../kube/resources.ts";
import {
  type FailoverGroupObject,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { clientIdOf } from "../csr/names.ts";
import type { Dns } from "../ports/dns.ts";
import { hasSeen, liveServers, type Server } from "../signed/server.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { clusterOf, stackNamespace } from "../signed/stack-place.ts";
import { type TrustBundle, trustBundle } from "../signed/trust-bundle.ts";
import type { StackImages } from "../stack/stack.ts";
import { apiServerAddresses } from "./api-server.ts";
import { type Observed, observedKey, type Workload } from "./component.ts";
import { activeOf, hostsOf } from "./finding.ts";
import { installedOf } from "./installed.ts";
import { leftPodsIn } from "./left-pods.ts";
import type { SecretWatch } from "./secret-watch.ts";
import type { MadeVolume, Member, Neighbour, RegionWorld, Tenant, World } from "./world.ts";

/** What the controller of FailoverGroups works with. */
export interface FailoverGroupDependencies {
  readonly clusters: Clusters;
  readonly dns: Dns;
  /** Whose signatures stacks believe, and whether it signs. */
  readonly signer: Pick<ShardSigner, "trust" | "trouble">;
  readonly images: StackImages;
  readonly namespaces: World["namespaces"];
  /** Name of the operator's ServiceAccount, in the hub and in every region. */
  readonly account: string;
  readonly now: () => Date;
  /** Tells of changes to the certificate in each stack. */
  readonly hostTls: Pick<SecretWatch, "watch" | "forget">;
}

/** Name of the ConfigMap with the authorities that a stack trusts. */
const PARTNER_CA = "partner-ca";

/** Kinds that say whether a stack is up, and whether its pods have tokens that are good. */
const TELLING: readonly Resource[] = [deployments, statefulSets, jobs, services, serviceAccounts];

/** Reads everything a group's plan depends on. @throws KubeError, but not for a region that does not answer. */
export async function observe(
  group: FailoverGroupObject,
  dependencies: FailoverGroupDependencies,
): Promise<World> {
  const { clusters, dns, signer, images, namespaces } = dependencies;
  const home = clusters.get(HOME);
  if (!home) throw new Error("The hub's cluster is not engaged.");
  const members = await Promise.all(group.spec.members.map((name) => memberOf(home, name)));
  const active = activeOf(group);
  const region = await home.get(regions, { name: active });
  const leaving = group.metadata.deletionTimestamp !== undefined;
  if (leaving || !region) forgetSecrets(group, dependencies);
  const place: Pick<World, "region" | "unreachable"> =
    leaving || !region ? {} : await regionOf(group, clusterOf(region), dependencies);
  const { name } = group.spec.hosts.tls.secretRef;
  const tls = await home.client.get(secrets, { namespace: namespaces.hosts, name });
  const { "tls.crt": certificate, "tls.key": key } = tls?.data ?? {};
  const names = await dns.published();
  const neighbours = neighboursOf(group, home);
  const known = new Set([group.metadata.name, ...neighbours.map((each) => each.name)]);
  const chain = await home.client.get(configMaps, { namespace: namespaces.system, name: PARTNER_CA });
  const wanted = chain?.data?.["ca.crt"];
  const bundle =
    wanted === undefined ? undefined : await trustOf(group, wanted, place.region?.trusts, dependencies);
  return {
    members,
    neighbours,
    ...place,
    ...(certificate && key ? { hostTls: { certificate, key } } : {}),
    partnerCa: bundle?.text,
    retiring: bundle?.retiring ?? [],
    trust: signer.trust,
    unsigned: signer.trouble()?.error.message,
    images,
    namespaces,
    records: names.groups.get(group.metadata.name) ?? [],
    foreignRecords: names.foreign || [...names.groups.keys()].some((each) => !known.has(each)),
  };
}

/** What the stack is to trust, by what it trusts now and what its partners have. */
async function trustOf(
  { metadata }: FailoverGroupObject,
  wanted: string,
  present: string | undefined,
  { clusters, now }: FailoverGroupDependencies,
): Promise<TrustBundle> {
  const all = await allPartners(clusters);
  const served = all.filter(({ spec }) => spec.groups.includes(metadata.name));
  return trustBundle(wanted, present, served, now());
}

async function memberOf(home: Cluster, name: string): Promise<Member> {
  const region = await home.get(regions, { name });
  return { name, spec: region?.spec, leaving: region?.metadata.deletionTimestamp !== undefined };
}

function neighboursOf({ metadata }: FailoverGroupObject, home: Cluster): readonly Neighbour[] {
  const all = home.cache(failoverGroups)?.list() ?? [];
  return all
    .filter((other) => other.metadata.uid !== metadata.uid)
    .map((other) => ({
      ...installedOf(other),
      created: other.metadata.creationTimestamp ?? "",
      hosts: hostsOf(other),
    }));
}

/** What the region's cluster says, or why it says nothing. */
async function regionOf(
  group: FailoverGroupObject,
  name: string,
  dependencies: FailoverGroupDependencies,
): Promise<Pick<World, "region" | "unreachable">> {
  const { clusters, namespaces, account, hostTls, now } = dependencies;
  const cluster = clusters.get(name);
  if (!cluster) {
    forgetSecrets(group, { hostTls });
    return { unreachable: `it is not engaged; see the Region ${name}` };
  }
  const namespace = stackNamespace(group.metadata.name);
  hostTls.watch(group.metadata.name, cluster, namespace);
  try {
    const [ca, trusted, apiServer, observed, servers] = await Promise.all([
      cluster.client.get(configMaps, { namespace: namespaces.region, name: "service-ca" }),
      // Not from a cache: what is not seen there would be taken out of the stack, and nobody would know that it was in it.
      cluster.client.get(configMaps, { namespace, name: PARTNER_CA }),
      apiServerAddresses(cluster.client),
      observedIn(cluster, namespace),
      serversIn(cluster, namespace, now()),
    ]);
    const tenants = await tenantsOf(group, cluster, observed, dependencies);
    const region: RegionWorld = {
      cluster: name,
      serviceCa: ca?.data?.["ca.crt"],
      apiServer,
      operator: { namespace: name === HOME ? namespaces.system : namespaces.region, name: account },
      made: {
        postgres: madeWith(observed.get("StatefulSet postgres")),
        replicas: madeWith(observed.get("StatefulSet postgres-read")),
        kafka: madeWith(observed.get("StatefulSet kafka")),
      },
      observed,
      leftPods: await leftPodsIn(cluster.client, namespace, observed),
      tenants,
      trusts: trusted?.data?.["ca.crt"],
      requests: requestsOf(servers),
    };
    return { region };
  } catch (error) {
    if (isUnreachable(error)) return { unreachable: error.message };
    throw error;
  }
}

/** Partners with gateways of their own, and those that had; a Partner that goes, or leaves the group, is none of them. */
async function tenantsOf(
  group: FailoverGroupObject,
  cluster: Cluster,
  stack: Observed,
  { clusters, hostTls, now }: FailoverGroupDependencies,
): Promise<readonly Tenant[]> {
  const { name } = group.metadata;
  const known = new Set(group.status?.dedicated?.map(({ clientId }) => clientId));
  const jobsOfStack = [...stack].filter(([key]) => key.startsWith("Job "));
  const concerned = (await allPartners(clusters))
    .filter(({ metadata, spec }) => metadata.deletionTimestamp === undefined && spec.groups.includes(name))
    .filter(({ spec }) => spec.tier === "dedicated" || known.size > 0)
    .map(({ metadata, spec }) => ({
      clientId: clientIdOf(metadata.namespace ?? "", metadata.name),
      partner: `${metadata.namespace ?? ""}/${metadata.name}`,
      dedicated: spec.tier === "dedicated",
    }))
    .filter(({ clientId, dedicated }) => dedicated || known.has(clientId));
  for (const clientId of known)
    if (!concerned.some((each) => each.clientId === clientId)) hostTls.forget(secretOwner(group, clientId));
  return Promise.all(
    concerned.map(async (partner) => {
      const { clientId } = partner;
      const namespace = dedicatedNamespace(stackNamespace(name), clientId);
      const running = group.status?.dedicated?.find((each) => each.clientId === clientId)?.namespace;
      if (running === undefined) hostTls.forget(secretOwner(group, clientId));
      else hostTls.watch(secretOwner(group, clientId), cluster, namespace);
      const [own, servers, shard] = await Promise.all([
        observedIn(cluster, namespace),
        serversIn(cluster, namespace, now()),
        cluster.get(configMaps, { namespace, name: shardName(clientId) }),
      ]);
      const observed = new Map([...jobsOfStack, ...own]);
      const served = isServedBy(servers, shard, clientId);
      return { ...partner, observed, served, requests: requestsOf(servers) };
    }),
  );
}

/** Without a whole picture of the Partners nobody may be said to have gone. */
async function allPartners(clusters: Clusters): Promise<readonly PartnerObject[]> {
  const home = clusters.get(HOME);
  const cache = home?.cache(partners);
  if (!home || !cache) return [];
  return cache.synced ? cache.list() : (await home.client.list(partners)).items;
}

async function serversIn(cluster: Cluster, namespace: string, now: Date): Promise<readonly Server[]> {
  return liveServers(await cluster.list(leases, namespace), now);
}

/** Requests a second of each live gateway that says so. */
function requestsOf(servers: readonly Server[]): readonly number[] {
  return servers.flatMap(({ service, requestsPerSecond }) =>
    service === "gateway" ? (requestsPerSecond ?? []) : [],
  );
}

/** Whether gateways are there, and every one has taken in the partner's shard as it lies. */
function isServedBy(servers: readonly Server[], shard: ConfigMap | undefined, clientId: string): boolean {
  const serving = servers.filter(({ rosterVersion }) => rosterVersion > 0);
  const has = (server: Server) =>
    hasSeen(server, shard?.metadata.resourceVersion) && !server.refused.has(clientId);
  return shard !== undefined && serving.length > 0 && serving.every(has);
}

/** Whose Secret is watched: the group's, or that of one partner's own gateways. */
function secretOwner({ metadata }: FailoverGroupObject, clientId?: string): string {
  return clientId === undefined ? metadata.name : `${metadata.name}/${clientId}`;
}

/** The group that {@link secretOwner} tells of. */
export function groupOfSecret(owner: string): string {
  return owner.split("/", 1)[0] ?? owner;
}

function forgetSecrets(
  group: FailoverGroupObject,
  { hostTls }: Pick<FailoverGroupDependencies, "hostTls">,
): void {
  hostTls.forget(secretOwner(group));
  for (const { clientId } of group.status?.dedicated ?? []) hostTls.forget(secretOwner(group, clientId));
}

async function observedIn(cluster: Cluster, namespace: string): Promise<Observed> {
  const lists = await Promise.all(
    TELLING.map(async (resource): Promise<readonly Manifest[]> => cluster.list(resource, namespace)),
  );
  return new Map(lists.flat().map((object) => [observedKey(object), object as Workload]));
}

/** What the volume of a StatefulSet was made with; undefined where there is none. */
function madeWith(statefulSet: Workload | undefined): MadeVolume | undefined {
  const templates = statefulSet?.spec as
    | { readonly volumeClaimTemplates?: readonly { readonly spec?: ClaimSpec }[] }
    | undefined;
  const spec = templates?.volumeClaimTemplates?.[0]?.spec;
  const storage = spec?.resources?.requests?.storage;
  return storage === undefined ? undefined : { storage, storageClass: spec?.storageClassName };
}

interface ClaimSpec {
  readonly storageClassName?: string;
  readonly resources?: { readonly requests?: { readonly storage?: string } };
}
