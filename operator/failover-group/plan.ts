import type { FailoverGroupReason, FailoverGroupStatus } from "../../crds/failover-group.ts";
import { type ConditionStatement, readyFrom } from "../../kube/condition.ts";
import type { Plan, PlannedStatus } from "../../kube/plan.ts";
import type { RegionSpec } from "../../crds/region.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { DnsRecord, Pointing } from "../ports/dns.ts";
import { stackNamespace } from "../signed/stack-place.ts";
import { renderStack } from "../stack/render.ts";
import type { Stack } from "../stack/stack.ts";
import { followAccounts } from "./account-change.ts";
import { type Addresses, addressesOf, type Component, componentsOf } from "./component.ts";
import { activeOf, type Finding, findingFor } from "./finding.ts";
import { type Load, loadConditions, loadOf } from "./load.ts";
import { oneAtATime, type Turn, turnOf, upgrading } from "./upgrade.ts";
import type { World } from "./world.ts";

/** What happens outside the clusters: names are pointed at addresses, or taken down. */
export interface Action extends Pointing {
  readonly do: "pointNames";
}

/** Status as a plan states it; the driver adds generation, times and inventory. */
export type Status = Omit<
  FailoverGroupStatus,
  "conditions" | "observedGeneration" | "inventory" | "history"
> &
  PlannedStatus;

/** Second look while something is missing that nothing tells about, in ms. */
const SOON = 10_000;
/** Second look at certificates and roots of trust, which are read and not watched, in ms. */
const LATER = 60_000;

/** What one reconcile of a group decided. */
export function plan(group: FailoverGroupObject, world: World, now: Date): Plan<Status, Action> {
  if (group.metadata.deletionTimestamp !== undefined) return farewell(group, world);
  const finding = findingFor(group, world, now);
  if (finding) return held(group, finding);

  const observed = world.region?.observed ?? new Map();
  const turn = turnOf(group.metadata.name, group.status ?? {}, world.images.wekeza, world.neighbours);
  const sizes = activeSpec(group, world).runtime.gateway;
  const load = loadOf(sizes, world.region?.requests ?? [], group.status?.load, now);
  const rendered = followAccounts(renderStack(stackOf(group, world, turn.image, load)), observed);
  const step =
    turn.from === undefined
      ? { objects: rendered }
      : oneAtATime(rendered, observed, { ...turn, from: turn.from });
  if (step.failed !== undefined) return rolledBack(group, world, now, step.failed);
  const wanted = step.objects;
  const components = componentsOf(wanted, observed);
  const addresses = addressesOf(observed);
  const records = recordsOf(group, addresses);
  const served = sameRecords(records, world.records);
  return {
    objects: wanted.map((object) => ({ cluster: world.region?.cluster, object })),
    actions:
      (served && !world.foreignRecords) || records.length === 0 ? [] : [pointNames(group, records, world)],
    status: {
      active: activeOf(group),
      namespace: stackNamespace(group.metadata.name),
      addresses,
      image: (step.open === undefined ? undefined : turn.from) ?? turn.image,
      ...(group.status?.failedImage === world.images.wekeza ? { failedImage: world.images.wekeza } : {}),
      ...(load ? { load } : {}),
      components: components.map((each) => ({ ...each })),
      componentSummary: `${components.filter(({ ready }) => ready).length}/${components.length}`,
      conditions: [
        ...conditionsOf(components, addresses, served),
        ...loadConditions(load, sizes, activeOf(group)),
        ...retiringConditions(world),
        ...upgradeConditions(turn, step.open),
      ],
    },
    recheckAfter: LATER,
  };
}

/** The new image is given up in the same breath: every service is to run the one before again. */
function rolledBack(group: FailoverGroupObject, world: World, now: Date, why: string): Plan<Status, Action> {
  const failedImage = world.images.wekeza;
  const back = plan({ ...group, status: { ...group.status, failedImage } }, world, now);
  const conditions = back.status.conditions.map((each) =>
    each.reason === "RolledBack"
      ? {
          ...each,
          message: `${why} Every service goes back to ${group.status?.image}; install another image than ${failedImage}.`,
        }
      : each,
  );
  return { ...back, status: { ...back.status, conditions } };
}

function upgradeConditions(turn: Turn, open: string | undefined): readonly ConditionStatement[] {
  const { condition, from, image } = turn;
  if (condition?.reason === "RolledBack")
    return [condition, { ...condition, type: "Stalled", status: "True" }];
  if (condition) return [condition];
  return from === undefined || open === undefined ? [] : [upgrading(open, { image, from })];
}

/** The active Region's spec. Nothing was found wrong, so it is there. */
function activeSpec({ metadata, ...group }: FailoverGroupObject, { members }: World): RegionSpec {
  const region = activeOf({ metadata, ...group });
  const spec = members.find(({ name }) => name === region)?.spec;
  if (spec) return spec;
  throw new Error(`FailoverGroup ${metadata.name}: a check let pass what cannot be rendered.`);
}

/** The stack of a group in its active region, with as many gateways as they need by what they report. */
function stackOf(group: FailoverGroupObject, world: World, wekeza: string, load: Load | undefined): Stack {
  const region = activeOf(group);
  const spec = activeSpec(group, world);
  const { name } = group.metadata;
  if (!world.region?.serviceCa || !world.partnerCa || !world.hostTls)
    throw new Error(`FailoverGroup ${name}: a check let pass what cannot be rendered.`);
  const { api, auth, mtlsAuth } = group.spec.hosts;
  return {
    group: name,
    namespace: stackNamespace(name),
    region,
    country: spec.country,
    environment: spec.environment,
    demoData: spec.demoData,
    hosts: { api, auth, mtlsAuth },
    images: { ...world.images, wekeza },
    gateway: { ...spec.runtime.gateway, ...(load ? { minReplicas: load.minReplicas } : {}) },
    services: spec.runtime.services,
    webhooks: { privateHosts: [], ...spec.webhooks },
    ...(spec.channels ? { channels: spec.channels } : {}),
    ...(spec.fraud ? { fraud: spec.fraud } : {}),
    ...(spec.scheme ? { scheme: spec.scheme } : {}),
    ...streamOf(spec, world.images),
    // A claim template cannot change: the volume keeps the size it was made with.
    storage: world.region.storage ?? spec.database.storage,
    trust: world.trust,
    hostTls: world.hostTls,
    serviceCa: world.region.serviceCa,
    partnerCa: world.partnerCa,
    apiServer: world.region.apiServer,
    operator: world.region.operator,
  };
}

/** @throws Error when a Region wants a stream that this installation has no image for. */
function streamOf({ stream }: Pick<RegionSpec, "stream">, { kafka }: World["images"]): Pick<Stack, "kafka"> {
  if (stream === undefined) return {};
  if (kafka !== undefined) return { kafka: { image: kafka } };
  throw new Error(
    "The Region wants a stream, and the operator knows no image of Kafka; give it images.kafka, or take spec.stream out.",
  );
}

/** Nothing is changed and nothing pruned: a stack whose inputs are away goes on serving. */
function held(group: FailoverGroupObject, { reason, message, final }: Finding): Plan<Status, Action> {
  const { active, namespace, addresses, image, failedImage, components, componentSummary, load } =
    group.status ?? {};
  return {
    objects: [],
    hold: true,
    actions: [],
    status: {
      ...defined({ active, namespace, addresses, image, failedImage, components, componentSummary, load }),
      conditions: [
        { type: "Ready", status: "False", reason, message },
        final
          ? { type: "Stalled", status: "True", reason, message }
          : { type: "Reconciling", status: "True", reason, message },
      ],
    },
    recheckAfter: SOON,
  };
}

/** Names go first, then the stack from its outside in; the namespace, and with it the data, last. */
function farewell(group: FailoverGroupObject, world: World): Plan<Status, Action> {
  const active = activeOf(group);
  const gone = world.members.find(({ name }) => name === active)?.spec === undefined;
  const message = gone
    ? `Region ${active} is gone; what the stack left there is forgotten.`
    : `The stack in ${active} is being removed.`;
  return {
    objects: [],
    actions: world.records.length > 0 ? [pointNames(group, [], world)] : [],
    status: {
      active,
      namespace: stackNamespace(group.metadata.name),
      conditions: [
        { type: "Ready", status: "False", reason: "Deleting", message },
        { type: "Reconciling", status: "True", reason: "Deleting", message },
      ],
    },
    recheckAfter: SOON,
    // A region that was taken out of the hub never comes back to be cleaned.
    ...(gone ? { abandon: [active] } : {}),
  };
}

function conditionsOf(
  components: readonly Component[],
  addresses: Addresses,
  served: boolean,
): readonly ConditionStatement[] {
  const waiting = components.filter(({ ready }) => !ready);
  const unassigned = (["api", "auth", "mtlsAuth"] as const).filter((name) => addresses[name] === undefined);
  const parts = [
    statement(
      "ComponentsReady",
      waiting.length === 0,
      ["AllReady", `All ${components.length} components are ready.`],
      ["ComponentsStarting", waiting.map(({ name, message }) => `${name}: ${message}`).join("; ")],
    ),
    statement(
      "NamesServed",
      served && unassigned.length === 0,
      ["Published", "The three hosts lead to their load balancers."],
      unassigned.length > 0
        ? ["AwaitingAddresses", `No load balancer address yet for ${unassigned.join(", ")}.`]
        : ["AwaitingAddresses", "The names are being published."],
    ),
  ];
  const ready = readyFrom(parts, { reason: "Serving", message: "The stack serves partners and customers." });
  if (ready.status === "True") return [ready, ...parts];
  return [ready, { ...ready, type: "Reconciling", status: "True" }, ...parts];
}

/** That an authority goes, and who still needs it; said only while it is so. */
function retiringConditions({ retiring }: World): readonly ConditionStatement[] {
  if (retiring.length === 0) return [];
  const each = retiring.map(({ subject, partners }) => `${subject} (${partners.slice(0, 20).join(", ")})`);
  const message = `Trusted until nobody's certificate needs it: ${each.join("; ")}. These partners renew: a CSR of a new key in spec.certificates.`;
  return [{ type: "TrustCurrent", status: "False", reason: "AuthorityRetiring", message }];
}

type Words = readonly [FailoverGroupReason, string];

function statement(type: string, holds: boolean, good: Words, bad: Words): ConditionStatement {
  const [reason, message] = holds ? good : bad;
  return { type, status: holds ? "True" : "False", reason, message };
}

function recordsOf({ spec }: FailoverGroupObject, addresses: Addresses): readonly DnsRecord[] {
  return (["api", "auth", "mtlsAuth"] as const).flatMap((name) => {
    const address = addresses[name];
    return address === undefined ? [] : [{ host: spec.hosts[name], address }];
  });
}

function sameRecords(a: readonly DnsRecord[], b: readonly DnsRecord[]): boolean {
  const text = (records: readonly DnsRecord[]) =>
    records
      .map(({ host, address }) => `${host} ${address}`)
      .toSorted()
      .join();
  return text(a) === text(b);
}

function pointNames(
  { metadata }: FailoverGroupObject,
  records: readonly DnsRecord[],
  { neighbours }: World,
): Action {
  return { do: "pointNames", group: metadata.name, records, others: neighbours.map(({ name }) => name) };
}

/** An object without its undefined members. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
