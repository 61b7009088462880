import type { DedicatedGateways } from "../../crds/dedicated.ts";
import { enrolmentIn, enrolmentName, type EnrolmentRequest } from "../../crds/enrolment.ts";
import { ROSTER_NAME, shardName } from "../../crds/shard.ts";
import type { Cluster } from "../../kube/cluster.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  type ConfigMap,
  configMaps,
  type Lease,
  leases,
  namespaces,
} from "../../kube/resources.ts";
import { clientIdOf, csrName } from "../csr/names.ts";
import {
  approvals,
  consentPolicies,
  failoverGroups,
  type PartnerObject,
  regions,
} from "../../crds/resources.ts";
import type { RiskScore, RiskScores } from "../ports/risk-scores.ts";
import { APPROVALS_BY_UID, REQUESTS_BY_OWNER } from "../signed/watches.ts";
import { liveServers, type PaymentReport, paymentReports } from "../signed/server.ts";
import type { SignedReader } from "../signed/signed-reader.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { clusterOf, stackNamespace, stackPlace } from "../signed/stack-place.ts";
import type { GroupWorld, OwnPlace, PartnerWorld } from "./world.ts";

/** What a Partner is observed with. */
export interface PartnerObserver {
  readonly clusters: Clusters;
  readonly reader: SignedReader;
  readonly signer: Pick<ShardSigner, "trouble">;
  readonly scores: RiskScores | undefined;
  readonly now: () => Date;
}

/** Reads what a Partner's plan needs, from caches where they are complete. A region that is away is part of the answer. */
export async function observePartner(
  partner: PartnerObject,
  observer: PartnerObserver,
): Promise<PartnerWorld> {
  const { metadata, spec, status } = partner;
  const home = observer.clusters.get(HOME);
  if (!home) throw new Error("The hub's cluster is not engaged.");
  const namespace = metadata.namespace ?? "";
  const clientId = clientIdOf(namespace, metadata.name);
  const names = new Set([...spec.groups, ...(status?.groups?.map(({ name }) => name) ?? [])]);
  const [policy, requests, ...groups] = await Promise.all([
    home.get(consentPolicies, { namespace, name: spec.consentPolicyRef.name }),
    requestsOf(home, partner, clientId),
    ...[...names].map((name) => observeGroup(name, clientId, partner, home, observer)),
  ]);
  const named = home.cache(approvals)?.by(APPROVALS_BY_UID, metadata.uid ?? "") ?? [];
  const lost = await lostClusters(home, partner);
  const risk = highest([...behaviourIn(groups, clientId), observer.scores?.of(clientId)]);
  const unsigned = observer.signer.trouble()?.error.message;
  return { clientId, policy, requests, approvals: named, risk, groups, lostClusters: lost, unsigned };
}

/** What the gateways and the banking of a partner's groups think of it; nothing while none of them says anything. */
function behaviourIn(groups: readonly GroupWorld[], clientId: string): readonly RiskScore[] {
  const gateways = groups
    .flatMap(({ servers, own }) => [...servers, ...(own?.servers ?? [])])
    .filter(({ service }) => service === "gateway");
  const reported = groups.flatMap(({ payments }) => payments ?? []);
  const told = (why: (pod: string) => string) => (each: PaymentReport) => {
    const score = each.behaviour.get(clientId) ?? 0;
    return { score, reason: score === 0 ? "" : why(each.pod) };
  };
  return [
    ...gateways.map(told((pod) => `${pod} refuses much of what it asks for.`)),
    ...reported.map(told((pod) => `Wekeza-Fraud refuses or holds many of its payments (${pod}).`)),
  ];
}

function highest(scores: readonly (RiskScore | undefined)[]): RiskScore | undefined {
  const known = scores.flatMap((score) => (score ? [{ ...score, score: Math.round(score.score) }] : []));
  return known.toSorted((a, b) => b.score - a.score)[0];
}

/** The requests that the Partner may need, and whatever was asked for it before. */
async function requestsOf(
  home: Cluster,
  { metadata, spec, status }: PartnerObject,
  clientId: string,
): Promise<ReadonlyMap<string, CertificateSigningRequest>> {
  const wanted = spec.certificates.map(({ name, csr }) => csrName(clientId, name, csr));
  const before = status?.certificates?.flatMap(({ request }) => request ?? []) ?? [];
  const own = status?.enrolment?.state === "Pending" ? [status.enrolment.request ?? ""] : [];
  const names = new Set([...wanted, ...before, ...own.filter((name) => name !== "")]);
  const found = await Promise.all([...names].map((name) => home.get(certificateSigningRequests, { name })));
  const made = home.cache(certificateSigningRequests)?.by(REQUESTS_BY_OWNER, metadata.uid ?? "") ?? [];
  return new Map([...found, ...made].flatMap((csr) => (csr ? [[csr.metadata.name, csr] as const] : [])));
}

async function observeGroup(
  name: string,
  clientId: string,
  partner: PartnerObject,
  home: Cluster,
  { clusters, reader, now }: PartnerObserver,
): Promise<GroupWorld> {
  const nowhere = { name, cluster: HOME, namespace: stackNamespace(name), servers: [] } as const;
  const group = await home.get(failoverGroups, { name });
  if (!group || group.metadata.deletionTimestamp !== undefined) {
    const problem = `FailoverGroup ${name} does not exist: create it, or take it out of spec.groups.`;
    return { ...nowhere, stack: "missing", problem };
  }
  const [member = ""] = group.spec.members;
  const region = await home.get(regions, { name: member });
  const place = stackPlace(group, () => region);
  if (!place)
    return { ...nowhere, stack: "missing", problem: `Region ${member} of group ${name} does not exist.` };
  const gateways = group.status?.dedicated?.find((each) => each.clientId === clientId);
  const production = region?.spec.environment === "production";
  const law = production ? region.spec.jurisdiction : undefined;
  const there = { ...nowhere, ...place, production, law, gateways };
  // What lies in a region that is away is not to be taken for unwanted.
  const away = {
    stack: "away",
    own: gateways?.namespace === undefined ? undefined : unseen(gateways.namespace),
  } as const;
  const cluster = clusters.get(place.cluster);
  if (!cluster) return { ...there, ...away, problem: `Region ${member} is not connected.` };
  try {
    const whose = { clientId, partner };
    const [stack, own] = await Promise.all([
      observeStack(there, whose, cluster, reader, now()),
      observeOwn(gateways, name, whose, cluster, reader, now()),
    ]);
    return { ...there, ...stack, own, enrolment: await latest(cluster, clientId, [there, gateways]) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...there, ...away, problem: `Region ${member} does not answer: ${why}` };
  }
}

async function observeStack(
  { name, namespace, region }: { readonly name: string; readonly namespace: string; readonly region: string },
  { clientId, partner }: { readonly clientId: string; readonly partner: PartnerObject },
  cluster: Cluster,
  reader: SignedReader,
  now: Date,
): Promise<Omit<GroupWorld, "name" | "cluster" | "namespace">> {
  const [configMap, rosterMap, serving] = await Promise.all([
    shardMap(cluster, { namespace, name: shardName(clientId) }, partner),
    cluster.get(configMaps, { namespace, name: ROSTER_NAME }),
    cluster.list(leases, namespace),
  ]);
  const seen = {
    configMap,
    shard: reader.shard(configMap, name, clientId),
    roster: reader.roster(rosterMap, name),
    servers: liveServers(serving, now),
    payments: paymentReports(serving, now),
  };
  if (!cluster.available) return { ...seen, stack: "away", problem: `Region ${region} does not answer.` };
  // With a roster in it the namespace is there; only a stack at its beginning is asked for.
  const ready = rosterMap !== undefined || (await isActive(cluster, namespace));
  return ready
    ? { ...seen, stack: "there" }
    : { ...seen, stack: "unready", problem: `The stack of group ${name} is still being made.` };
}

function unseen(namespace: string): OwnPlace {
  return { namespace, configMap: undefined, shard: undefined, roster: undefined, servers: [] };
}

/** The namespace of its own gateways, once it is there. */
async function observeOwn(
  gateways: DedicatedGateways | undefined,
  group: string,
  { clientId, partner }: { readonly clientId: string; readonly partner: PartnerObject },
  cluster: Cluster,
  reader: SignedReader,
  now: Date,
): Promise<OwnPlace | undefined> {
  const namespace = gateways?.namespace;
  if (namespace === undefined || !(await isActive(cluster, namespace))) return undefined;
  const [configMap, rosterMap, serving] = await Promise.all([
    shardMap(cluster, { namespace, name: shardName(clientId) }, partner),
    cluster.get(configMaps, { namespace, name: ROSTER_NAME }),
    cluster.list(leases, namespace),
  ]);
  return {
    namespace,
    configMap,
    shard: reader.shard(configMap, group, clientId),
    roster: reader.roster(rosterMap, group),
    servers: liveServers(serving, now),
  };
}

/** What the partner asked for itself last, at whichever gateways. */
async function latest(
  cluster: Cluster,
  clientId: string,
  places: readonly ({ readonly namespace?: string | undefined } | undefined)[],
): Promise<EnrolmentRequest | undefined> {
  const name = enrolmentName(clientId);
  const namespaced = places.flatMap((place) => place?.namespace ?? []);
  const all = await Promise.all(namespaced.map((namespace) => cluster.get(leases, { namespace, name })));
  const found = all.flatMap((lease) => lease ?? []);
  const asked = ({ spec }: Lease): string => spec?.acquireTime ?? "";
  return enrolmentIn(found.toSorted((a, b) => (asked(a) < asked(b) ? 1 : -1))[0]);
}

/**
 * The shard as it lies.
 *
 * One whose labels a hand took away is not in the cache, and yet there: it is the one of the inventory, by its UID.
 */
async function shardMap(
  cluster: Cluster,
  key: ObjectKey,
  { status }: PartnerObject,
): Promise<ConfigMap | undefined> {
  const cached = await cluster.get(configMaps, key);
  if (cached) return cached;
  const made = status?.inventory?.find(
    (each) => each.kind === configMaps.kind && each.name === key.name && each.namespace === key.namespace,
  );
  if (made?.uid === undefined) return undefined;
  const live = await cluster.client.get(configMaps, key);
  return live?.metadata.uid === made.uid ? live : undefined;
}

async function isActive(cluster: Cluster, name: string): Promise<boolean> {
  const namespace = await cluster.get(namespaces, { name });
  return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
}

async function lostClusters(home: Cluster, { status }: PartnerObject): Promise<string[]> {
  const names = new Set(status?.inventory?.map(({ cluster }) => cluster));
  names.delete(HOME);
  const lost = await Promise.all(
    [...names].map(async (name) => {
      const region = await home.get(regions, { name });
      return region && clusterOf(region) === name ? [] : [name];
    }),
  );
  return lost.flat();
}
