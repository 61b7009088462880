import { Type, type Static } from "typebox";
import { GatewayLoad } from "./gateway-load.ts";

/** Form of a client id, with what stands before it in names that are made of both. */
const CLIENT_ID = /ptn-[0-9a-f]{16}$/;

/**
 * Longest name of a group that can have gateways for one partner alone, in characters: the subject of their certificate,
 * `gateway.stack-<group>-<client id>`, may have 64 (RFC 5280 appendix A, ub-common-name).
 */
export const DEDICATED_GROUP_LENGTH = 29;

/** Namespace of a partner's own gateways beside the stack of its group. */
export function dedicatedNamespace(stack: string, clientId: string): string {
  return `${stack}-${clientId}`;
}

/** Whose own gateways are in a namespace beside that stack; undefined for any other namespace. */
export function dedicatedClient(stack: string, namespace: string): string | undefined {
  const clientId = CLIENT_ID.exec(namespace)?.[0];
  return clientId !== undefined && namespace === dedicatedNamespace(stack, clientId) ? clientId : undefined;
}

/** The name under which a partner reaches its own gateways, beneath that of its group. */
export function dedicatedHost(api: string, clientId: string): string {
  return `${clientId}.${api}`;
}

/** Whose host a name is beneath that of a group; undefined for any other name. Letters are small in both. */
export function clientOfHost(api: string, name: string): string | undefined {
  const clientId = name.slice(0, -api.length - 1);
  return /^ptn-[0-9a-f]{16}$/.test(clientId) && name === dedicatedHost(api, clientId) ? clientId : undefined;
}

/** What a group has of one partner's own gateways, for its status. */
export const DedicatedGateways = Type.Object({
  clientId: Type.String({ maxLength: 20 }),
  partner: Type.String({ maxLength: 127, description: "`namespace/name` of the Partner." }),
  host: Type.Optional(
    Type.String({
      maxLength: 253,
      description: "Its name, once given: it leads somewhere for as long as the Partner is of this group.",
    }),
  ),
  namespace: Type.Optional(
    Type.String({ maxLength: 63, description: "Where its gateways run; absent while there are none." }),
  ),
  serving: Type.Boolean({ description: "Whether the host leads to them, and not to the group's." }),
  until: Type.Optional(
    Type.String({
      maxLength: 40,
      description: "When they go, now that the tier is shared again: calls may be on their way until then.",
    }),
  ),
  image: Type.Optional(
    Type.String({
      maxLength: 256,
      description: "Runtime image they run; while they are being upgraded, the one before.",
    }),
  ),
  failedImage: Type.Optional(
    Type.String({
      maxLength: 256,
      description: "Runtime image that was rolled back, because they did not get ready with it.",
    }),
  ),
  load: Type.Optional(GatewayLoad),
  message: Type.Optional(
    Type.String({ maxLength: 512, description: "What they wait for, or why they stay behind." }),
  ),
});
export type DedicatedGateways = Static<typeof DedicatedGateways>;

/** Longest that a gateway serves one connection, in ms, so that a partner meets new pods and new certificates. */
export const LONGEST_CONNECTION_MS = 3_600_000;
