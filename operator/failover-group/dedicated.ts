import {
  DEDICATED_GROUP_LENGTH,
  type DedicatedGateways,
  dedicatedHost,
  dedicatedNamespace,
  LONGEST_CONNECTION_MS,
} from "../../crds/dedicated.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { DnsRecord } from "../ports/dns.ts";
import { renderDedicated } from "../stack/render.ts";
import type { Sizes, Stack } from "../stack/stack.ts";
import { followAccounts } from "./account-change.ts";
import { addressesOf, componentsOf } from "./component.ts";
import { type OwnStep, ownStep } from "./dedicated-upgrade.ts";
import { certificateIn } from "./finding.ts";
import { loadOf } from "./load.ts";
import { withImage } from "./stack-of.ts";
import type { Installed } from "./upgrade.ts";
import type { Tenant, World } from "./world.ts";

/** Partners of one group that may have gateways of their own: more, and their objects would not fit into its inventory. */
export const MOST_DEDICATED = 16;

/** Entries that the group's status has room for: those above and the hosts of partners that came back. */
const MOST_ENTRIES = 64;

/**
 * So long a partner's own gateways go on once its host leads elsewhere, in ms: the longest life of a connection, and a
 * minute for resolvers that keep an address longer than they were told.
 */
export const DRAIN_MS = LONGEST_CONNECTION_MS + 60_000;

/** What there is to be of partners' own gateways. */
export interface DedicatedPlan {
  readonly objects: readonly KubeObject[];
  readonly records: readonly DnsRecord[];
  readonly status: readonly DedicatedGateways[];
  /** What the group says of the image that they take, or gave up. */
  readonly upgrade: readonly ConditionStatement[];
}

/** What one of them is planned with. */
interface Setting {
  readonly group: FailoverGroupObject;
  readonly stack: Stack;
  /** Gateways that each may have, as the Region says; how many of the group's run says nothing of a partner's. */
  readonly sizes: Sizes;
  readonly hostTls: World["hostTls"];
  /** Address of the group's own gateways. */
  readonly shared: string | undefined;
  readonly now: Date;
}

/**
 * Gateways of single partners beside those of the group.
 *
 * The group's gateways accept every partner at every time, under its own host too; so a host that leads to them is never
 * wrong. It leads to the partner's own from when they serve it, for as long as one of them is available. What came back to
 * `shared` keeps its host, which leads to the group's gateways at once; its own end when nobody can be calling them any
 * more. A partner that is deleted, or leaves the group, is refused everywhere, and its gateways go at once.
 */
export function dedicatedPlan(setting: Setting, tenants: readonly Tenant[]): DedicatedPlan {
  const { group } = setting;
  const before = new Map(group.status?.dedicated?.map((each) => [each.clientId, each]));
  const known = tenants.filter(({ clientId, dedicated }) => dedicated || before.has(clientId));
  // Who has been here stays; who is new comes in a fixed order.
  const rank = ({ clientId }: Tenant): string => `${before.has(clientId) ? 0 : 1} ${clientId}`;
  const listed = known.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, MOST_ENTRIES);
  let room = MOST_DEDICATED - [...before.values()].filter(({ namespace }) => namespace !== undefined).length;
  const installed = new Map(
    listed.map(({ clientId }) => [clientId, runBy(clientId, before.get(clientId), group)]),
  );
  const each = listed.map((tenant) => {
    const prior = before.get(tenant.clientId);
    const planned = oneOf(setting, tenant, { prior, room: room > 0, installed: [...installed.values()] });
    installed.set(tenant.clientId, planned.installed);
    if (prior?.namespace === undefined && planned.status.namespace !== undefined) room -= 1;
    return planned;
  });
  const upgrade = each.map(({ conditions }) => conditions).filter((said) => said.length > 0);
  return {
    objects: each.flatMap(({ objects }) => objects),
    records: each.flatMap(({ record }) => record ?? []),
    status: each
      .flatMap(({ status }) => ((status.host ?? status.message) === undefined ? [] : [status]))
      .toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1)),
    upgrade: upgrade.find((said) => said.some(isStalled)) ?? upgrade[0] ?? [],
  };
}

const isStalled = ({ type }: ConditionStatement): boolean => type === "Stalled";

/** What a partner's gateways run. Before each said so itself, all ran what the group did. */
function runBy(
  name: string,
  prior: DedicatedGateways | undefined,
  { status }: FailoverGroupObject,
): Installed {
  if (prior?.namespace === undefined) return { name };
  return { name, image: prior.image ?? status?.image, failedImage: prior.failedImage };
}

/** The names of a plan's partners whose gateways run, for the network policies of the stack. */
export function tenantsOf({ status }: DedicatedPlan): readonly string[] {
  return status.flatMap(({ clientId, namespace }) => (namespace === undefined ? [] : [clientId]));
}

/** Whether gateways run that are to answer, and do not yet. */
export function isStarting({ namespace, serving, until }: DedicatedGateways): boolean {
  return namespace !== undefined && !serving && until === undefined;
}

interface One extends Pick<OwnStep, "objects" | "installed" | "conditions"> {
  readonly record: DnsRecord | undefined;
  readonly status: DedicatedGateways;
}

/** What is known of a partner of the group beside what was observed. */
interface Known {
  /** What was said of it last. */
  readonly prior: DedicatedGateways | undefined;
  /** Whether one more partner may have gateways. */
  readonly room: boolean;
  /** What each partner's run, its own among them. */
  readonly installed: readonly Installed[];
}

function oneOf(setting: Setting, tenant: Tenant, { prior, room, installed }: Known): One {
  const { group, stack, sizes, shared, now } = setting;
  const { clientId, partner, dedicated, observed, requests } = tenant;
  const host = dedicatedHost(group.spec.hosts.api, clientId);
  const ran = prior?.namespace !== undefined;
  const problem = dedicated ? problemOf(setting, host, ran || room) : undefined;
  const until =
    dedicated || !ran ? undefined : (prior.until ?? new Date(now.getTime() + DRAIN_MS).toISOString());
  // What runs goes on: a certificate that lost the name takes it from the group's gateways as well.
  const runs = dedicated ? ran || problem === undefined : until !== undefined && now < new Date(until);
  const load = runs ? loadOf(sizes, requests, prior?.load, now) : undefined;
  const own = { ...stack, gateway: { ...sizes, ...(load ? { minReplicas: load.minReplicas } : {}) } };
  const render = (image: string): readonly KubeObject[] => {
    const rendered = followAccounts(renderDedicated(withImage(own, image), clientId), observed);
    // A Secret is read before it is written, which the binding allows that is made with the others.
    return ran ? rendered : rendered.filter(({ kind }) => kind !== "Secret");
  };
  const others = installed.filter(({ name }) => name !== clientId);
  const present = installed.find(({ name }) => name === clientId) ?? { name: clientId };
  const wanted = stack.images.wekeza;
  const step: OwnStep = runs
    ? ownStep({ installed: present, partner, wanted, others, observed, render })
    : { objects: [], installed: { name: clientId }, conditions: [] };
  const { objects } = step;
  const waiting = componentsOf(objects, observed).find(({ ready }) => !ready);
  const available = (observed.get("Deployment gateway")?.status?.availableReplicas ?? 0) > 0;
  const { api: address } = addressesOf(observed);
  const ready = prior?.serving === true ? available : waiting === undefined && tenant.served;
  const serving = dedicated && runs && ready && address !== undefined;
  const named = prior?.host !== undefined || (runs && problem === undefined);
  const leadsTo = serving ? address : shared;
  const wait = waiting
    ? `${waiting.name}: ${waiting.message ?? "not ready"}`
    : address === undefined
      ? "No load balancer address yet."
      : "They have not taken in its settings yet.";
  const message = problem ?? (dedicated && !serving ? wait : step.behind);
  const { image, failedImage } = step.installed;
  return {
    ...step,
    record: named && leadsTo !== undefined ? { host, address: leadsTo } : undefined,
    status: {
      clientId,
      partner,
      ...(named ? { host } : {}),
      ...(runs ? { namespace: dedicatedNamespace(stack.namespace, clientId) } : {}),
      serving,
      ...(runs && until !== undefined ? { until } : {}),
      ...(image === undefined ? {} : { image }),
      ...(failedImage === undefined ? {} : { failedImage }),
      ...(load ? { load } : {}),
      ...(message === undefined ? {} : { message: message.slice(0, 500) }),
    },
  };
}

/** Why a partner cannot have gateways of its own here, and what to do; undefined when it can. */
function problemOf({ group, hostTls }: Setting, host: string, room: boolean): string | undefined {
  const { name } = group.metadata;
  if (name.length > DEDICATED_GROUP_LENGTH)
    return `The name of FailoverGroup ${name} is longer than ${DEDICATED_GROUP_LENGTH} characters, which is the most for tier dedicated.`;
  const { api, tls } = group.spec.hosts;
  if (hostTls && certificateIn(hostTls.certificate)?.checkHost(host) === undefined)
    return `The certificate ${tls.secretRef.name} of FailoverGroup ${name} is not valid for ${host}; renew it for *.${api} too.`;
  if (!room)
    return `FailoverGroup ${name} has ${MOST_DEDICATED} partners with gateways of their own, which is the most; give one back to tier shared.`;
  return undefined;
}
