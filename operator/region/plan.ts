import type { RegionReason, RegionStatus } from "../../crds/region.ts";
import { type ConditionStatement, readyFrom } from "../../kube/condition.ts";
import type { Plan, PlannedStatus } from "../../kube/plan.ts";
import type { RegionObject } from "../../crds/resources.ts";
import { ownGroup, wantsOwnGroup } from "./own-group.ts";
import type { GroupView, Reach, Token, World } from "./world.ts";

/** What happens outside the hub: the operator gets itself a new token. */
export interface Action {
  readonly do: "renewToken";
  readonly account: Token["account"];
}

/** Status as a plan states it; the driver adds generation, times and inventory. */
export type Status = Omit<RegionStatus, "conditions" | "observedGeneration" | "inventory" | "history"> &
  PlannedStatus;

/** Second look at a cluster that answers, in ms. */
const LATER = 60_000;
/** Second look at one that does not, in ms. */
const SOON = 10_000;

/** What one reconcile of a region decided. */
export function plan(region: RegionObject, world: World, now: Date): Plan<Status, Action> {
  const { reach, token, groups, zone } = world;
  if (region.metadata.deletionTimestamp !== undefined) return farewell(world);
  const reachable = reach.state === "reachable";
  const own = wantsOwnGroup(region, groups, now);
  const renewal = token ? renewalTime(token) : undefined;
  const due = renewal !== undefined && renewal <= now;
  const waits = [
    reachable ? LATER : SOON,
    ...(typeof own === "number" ? [own] : []),
    ...(renewal && !due ? [renewal.getTime() - now.getTime()] : []),
  ];
  return {
    objects: own === true ? [{ object: ownGroup(region, zone) }] : [],
    actions: due && reachable && token ? [{ do: "renewToken", account: token.account }] : [],
    status: {
      ...observedStatus(world),
      conditions: conditionsOf(
        reach,
        groups.filter(({ active }) => active),
      ),
    },
    // While somebody's stack is in it, its cluster must stay within reach.
    retain: groups.some(({ active, own: ours }) => active && !ours),
    recheckAfter: Math.min(...waits),
  };
}

/** When a token is renewed: at half of its life, so that a day of failures still leaves half a day. */
export function renewalTime({ issued, expires }: Token): Date {
  return new Date((issued.getTime() + expires.getTime()) / 2);
}

function observedStatus({ reach, token, groups }: World): Omit<Status, "conditions"> {
  const stacks = groups.filter(({ active }) => active);
  return {
    ...(reach.server === undefined ? {} : { server: reach.server }),
    ...(reach.state === "reachable" ? { kubernetesVersion: reach.version } : {}),
    ...(token ? { tokenExpires: token.expires.toISOString() } : {}),
    stacks: stacks.map(({ name }) => name),
    stackSummary: `${stacks.filter(({ ready }) => ready).length}/${stacks.length}`,
  };
}

/** The group of its own goes with it; the groups of others are theirs to move or delete. */
function farewell(world: World): Plan<Status, Action> {
  const others = world.groups.filter(({ active, own }) => active && !own).map(({ name }) => name);
  const message =
    others.length === 0
      ? "What was made for the Region is being removed."
      : `FailoverGroup ${others.join(", ")} has its stack here; delete it first, and the Region goes.`;
  return {
    objects: [],
    actions: [],
    status: {
      ...observedStatus(world),
      conditions: [
        { type: "Ready", status: "False", reason: "Deleting", message },
        { type: "Reconciling", status: "True", reason: "Deleting", message },
      ],
    },
    retain: others.length > 0,
    recheckAfter: SOON,
  };
}

const REFUSALS: Readonly<Record<Exclude<Reach["state"], "reachable">, RegionReason>> = {
  unreachable: "Unreachable",
  credentialsMissing: "CredentialsMissing",
  credentialsRefused: "CredentialsRefused",
};

function conditionsOf(reach: Reach, stacks: readonly GroupView[]): readonly ConditionStatement[] {
  const reachable = reachableFrom(reach);
  const waiting = stacks.filter(({ ready }) => !ready).map(({ name }) => name);
  const parts = [reachable, stacksReady(stacks.length, waiting)];
  const ready = readyFrom(parts, {
    reason: "StacksReady",
    message: "Its cluster answers and its stacks serve.",
  });
  if (ready.status === "True") return [ready, ...parts];
  const message = ready.message;
  // A missing or refused credential waits for a person; a silent cluster or a starting stack does not.
  const stalled = reach.state === "credentialsMissing" || reach.state === "credentialsRefused";
  return [
    ready,
    { type: stalled ? "Stalled" : "Reconciling", status: "True", reason: ready.reason, message },
    ...parts,
  ];
}

function reachableFrom(reach: Reach): ConditionStatement {
  const type = "Reachable";
  if (reach.state !== "reachable")
    return { type, status: "False", reason: REFUSALS[reach.state], message: reach.message };
  const message = `${reach.server} answers (${reach.version}).`;
  return { type, status: "True", reason: "Reachable", message };
}

function stacksReady(count: number, waiting: readonly string[]): ConditionStatement {
  const type = "StacksReady";
  if (count === 0)
    return { type, status: "True", reason: "NoStacks", message: "No group has its stack here." };
  if (waiting.length === 0)
    return { type, status: "True", reason: "StacksReady", message: `All ${count} stacks serve.` };
  const message = `Not ready: FailoverGroup ${waiting.join(", ")}; see its status.`;
  return { type, status: "False", reason: "StacksNotReady", message };
}
