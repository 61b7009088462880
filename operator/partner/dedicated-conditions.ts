import { type PartnerCondition, statement } from "./conditions.ts";
import type { GroupWorld } from "./world.ts";

/**
 * How far the partner's own gateways are; nothing where there are none and none are wanted.
 *
 * Not a part of Ready: the group's gateways serve the partner all the while.
 */
export function dedicatedConditions(
  dedicated: boolean,
  groups: readonly GroupWorld[],
): readonly PartnerCondition[] {
  if (!dedicated) {
    const draining = groups.flatMap(({ gateways }) => (gateways?.until === undefined ? [] : [gateways]));
    if (draining.length === 0) return [];
    const each = draining.map(({ namespace, until }) => `${namespace} until ${until}`).join(", ");
    const message = `Its hosts lead to the group's gateways; its own go on for calls under way: ${each}.`;
    return [statement("Dedicated", "False", { reason: "OwnGatewaysDraining", message })];
  }
  const open = groups.find(({ gateways }) => gateways?.serving !== true);
  if (open) {
    const refused = open.gateways !== undefined && open.gateways.namespace === undefined;
    const reason = refused ? "OwnGatewaysRefused" : "OwnGatewaysStarting";
    const message = `${whyNot(open)} Until then the gateways of the group serve it.`;
    return [statement("Dedicated", "False", { reason, message })];
  }
  const hosts = groups.map(({ gateways }) => gateways?.host).join(", ");
  const message = `Gateways of its own answer at ${hosts}; those of the group do so at its api host as before.`;
  return [statement("Dedicated", "True", { reason: "OwnGateways", message })];
}

function whyNot({ name, gateways, problem }: GroupWorld): string {
  if (gateways?.message !== undefined) return `${name}: ${gateways.message.replace(/[^.]$/, "$&.")}`;
  return problem ?? `FailoverGroup ${name} has not taken it up yet.`;
}
