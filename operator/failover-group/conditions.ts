import type { FailoverGroupReason } from "../../crds/failover-group.ts";
import { type ConditionStatement, readyFrom } from "../../kube/condition.ts";
import { withinConnections } from "../stack/connections.ts";
import type { Sizes } from "../stack/stack.ts";
import type { Addresses, Component } from "./component.ts";
import { type Turn, whyFirst } from "./upgrade.ts";
import type { World } from "./world.ts";

/** Whether everything runs and is found by its names; ready when both are so. */
export function componentConditions(
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
export function retiringConditions({ retiring }: World): readonly ConditionStatement[] {
  if (retiring.length === 0) return [];
  const each = retiring.map(({ subject, partners }) => `${subject} (${partners.slice(0, 20).join(", ")})`);
  const message = `Trusted until nobody's certificate needs it: ${each.join("; ")}. These partners renew: a CSR of a new key in spec.certificates.`;
  return [{ type: "TrustCurrent", status: "False", reason: "AuthorityRetiring", message }];
}

/** That nothing new reaches the stack's pods, for want of a signature; said only while it is so. */
export function signingConditions({ unsigned }: World): readonly ConditionStatement[] {
  if (unsigned === undefined) return [];
  const message = `Its pods serve by what they have; suspensions, revocations and changes of partners wait for a signature. ${unsigned}`;
  return [{ type: "Signed", status: "False", reason: "KeyStoreAway", message }];
}

/** How far the installation of another image is, while it is under way or was given up; first the services, then partners' own gateways. */
export function upgradeConditions(
  turn: Turn,
  wanted: string,
  open: string | undefined,
  dedicated: readonly ConditionStatement[],
): readonly ConditionStatement[] {
  const { held, from, image } = turn;
  if (held === "RolledBack") {
    const message = `Every service runs ${image} again: one did not get ready with ${wanted}. status.history says which; install another image.`;
    return rolledBackConditions(message);
  }
  if (held) {
    const message = `Services run ${image}. ${wanted} waits for FailoverGroup ${held.name}, ${whyFirst(held, wanted)}.`;
    return [upgraded("UpgradeWaits", message)];
  }
  return from === undefined || open === undefined ? dedicated : [upgrading(open, { image, from })];
}

/** That the Region allows more pods than the database has connections for; said only while it is so. */
export function connectionConditions(asked: Sizes, region: string): readonly ConditionStatement[] {
  const { maxReplicas } = withinConnections(asked);
  if (maxReplicas === asked.maxReplicas) return [];
  const message = `Region ${region} allows ${asked.maxReplicas} pods of each service, and the database has connections for ${maxReplicas}: no more run. Put ${maxReplicas} or less into its spec.runtime.services.maxReplicas.`;
  return [{ type: "ConnectionsCovered", status: "False", reason: "PodsAboveConnections", message }];
}

/** That something is being replaced. */
export function upgrading(
  open: string,
  { image, from }: { readonly image: string; readonly from: string },
): ConditionStatement {
  return upgraded(
    "Upgrading",
    `${open} is being replaced or waited for, on the way from ${from} to ${image}.`,
  );
}

/** That an image was given up, which only another image changes. */
export function rolledBackConditions(message: string): readonly ConditionStatement[] {
  const condition = upgraded("RolledBack", message);
  return [condition, { ...condition, type: "Stalled", status: "True" }];
}

function upgraded(reason: FailoverGroupReason, message: string): ConditionStatement {
  return { type: "Upgraded", status: "False", reason, message };
}

type Words = readonly [FailoverGroupReason, string];

function statement(type: string, holds: boolean, good: Words, bad: Words): ConditionStatement {
  const [reason, message] = holds ? good : bad;
  return { type, status: holds ? "True" : "False", reason, message };
}
