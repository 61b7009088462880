import type { FailoverGroupStatus } from "../../crds/failover-group.ts";
import type { Plan, PlannedStatus } from "../../kube/plan.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import { stackNamespace } from "../signed/stack-place.ts";
import { renderStack } from "../stack/render.ts";
import { followAccounts } from "./account-change.ts";
import { addressesOf, componentsOf } from "./component.ts";
import {
  componentConditions,
  connectionConditions,
  retiringConditions,
  signingConditions,
  upgradeConditions,
} from "./conditions.ts";
import { dedicatedPlan, isStarting, tenantsOf } from "./dedicated.ts";
import { activeOf, type Finding, findingFor } from "./finding.ts";
import { loadConditions, loadOf } from "./load.ts";
import type { PodsAction } from "./left-pods.ts";
import { type NamesAction, pointNames, recordsOf, sameRecords } from "./records.ts";
import { activeSpec, stackOf, withImage } from "./stack-of.ts";
import { replicaConditions, withoutReplicas } from "./replicas.ts";
import { keptKeyConditions, mindingStore } from "./stored-keys.ts";
import { oneAtATime, turnOf } from "./upgrade.ts";
import { volumeConditions } from "./volumes.ts";
import type { World } from "./world.ts";

/** Status as a plan states it; the driver adds generation, times and inventory. */
export type Status = Omit<
  FailoverGroupStatus,
  "conditions" | "observedGeneration" | "inventory" | "history"
> &
  PlannedStatus;

/** What is done beside writing objects. */
export type Action = NamesAction | PodsAction;

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
  const { image: present, failedImage } = group.status ?? {};
  const { name } = group.metadata;
  const turn = turnOf({ name, image: present, failedImage }, world.images.wekeza, world.neighbours);
  const { gateway: sizes, services } = activeSpec(group, world).runtime;
  const load = loadOf(sizes, world.region?.requests ?? [], group.status?.load, now);
  const stack = stackOf(group, world, turn.image, load);
  const keysInStore = stack.keyStore?.keys ?? [];
  const addresses = addressesOf(observed);
  const setting = { group, stack, sizes, hostTls: world.hostTls, shared: addresses.api, now };
  const tenants = world.region?.tenants ?? [];
  const planned = dedicatedPlan(setting, tenants);
  const rendered = followAccounts(renderStack({ ...stack, dedicated: tenantsOf(planned) }), observed);
  const step =
    turn.from === undefined
      ? { objects: rendered }
      : oneAtATime(rendered, observed, { ...turn, from: turn.from });
  if (step.failed !== undefined) return rolledBack(group, world, now, step.failed);
  const image = (step.open === undefined ? undefined : turn.from) ?? turn.image;
  // Partners' own gateways follow, one partner after the other, when the group's services have all got ready with it.
  const dedicated =
    image === turn.image ? planned : dedicatedPlan({ ...setting, stack: withImage(stack, image) }, tenants);
  const wanted = step.objects;
  const components = componentsOf(wanted, observed);
  const records = [...recordsOf(group, addresses), ...dedicated.records];
  const served = sameRecords(records, world.records);
  return {
    objects: [...wanted, ...dedicated.objects].map((object) => ({ cluster: world.region?.cluster, object })),
    actions: [
      ...replacements(world),
      ...((served && !world.foreignRecords) || records.length === 0
        ? []
        : [pointNames(group, records, world)]),
    ],
    status: {
      active: activeOf(group),
      namespace: stackNamespace(group.metadata.name),
      addresses,
      image,
      ...(failedImage === world.images.wekeza ? { failedImage } : {}),
      ...(dedicated.status.length === 0 ? {} : { dedicated: [...dedicated.status] }),
      ...(load ? { load } : {}),
      ...(keysInStore.length === 0 ? {} : { keysInStore: [...keysInStore] }),
      components: components.map((each) => ({ ...each })),
      componentSummary: `${components.filter(({ ready }) => ready).length}/${components.length}`,
      conditions: [
        ...componentConditions(mindingStore(withoutReplicas(components), stack), addresses, served),
        ...loadConditions(load, sizes, activeOf(group), dedicated.status),
        ...connectionConditions(services, activeOf(group)),
        ...retiringConditions(world),
        ...signingConditions(world),
        ...upgradeConditions(turn, world.images.wekeza, step.open, dedicated.upgrade),
        ...replicaConditions(components),
        ...volumeConditions(group, world),
        ...keptKeyConditions(group, activeOf(group), stack.keyStore),
      ],
    },
    recheckAfter: dedicated.status.some(isStarting) ? SOON : LATER,
  };
}

/** A pod of a database that never got ready must not outlive what put it there. */
function replacements({ region }: World): readonly PodsAction[] {
  const { cluster, leftPods = [] } = region ?? {};
  return cluster === undefined || leftPods.length === 0
    ? []
    : [{ do: "replacePods", cluster, pods: leftPods }];
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

/** Nothing is changed and nothing pruned: a stack whose inputs are away goes on serving. */
function held(group: FailoverGroupObject, { reason, message, final }: Finding): Plan<Status, Action> {
  const { active, namespace, addresses, image, failedImage, dedicated } = group.status ?? {};
  const { components, componentSummary, load, keysInStore } = group.status ?? {};
  return {
    objects: [],
    hold: true,
    actions: [],
    status: {
      ...defined({ active, namespace, addresses, image, failedImage, dedicated }),
      ...defined({ components, componentSummary, load, keysInStore }),
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

/** An object without its undefined members. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
