import { Type, type Static } from "typebox";
import { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import { CommonConfig, DatabaseConfig } from "../service/config.ts";

/** What the operator writes for a stack's events service. */
export const EventsConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  /** Where Kafka is; absent: events are kept in the log and told to partners, and go nowhere else. */
  stream: Type.Optional(Type.Object({ brokers: Type.Array(Type.String(), { minItems: 1 }) })),
  /** The store of the key that signs; absent: the Secret has it. */
  keyStore: Type.Optional(OpenBaoSettings),
  webhooks: Type.Object({
    /** Hosts that may be called though their address is private; a production stack refuses to start with any. */
    privateHosts: Type.Array(Type.String()),
    /** Further roots (PEM) that receivers' certificates may be issued by; a production stack refuses to start with any. */
    trust: Type.Optional(Type.String()),
  }),
});
export type EventsConfig = Static<typeof EventsConfig>;

/** Why a configuration must not be served, or undefined: what only a sandbox may have. */
export function objectionToConfig({ environment, webhooks }: EventsConfig): string | undefined {
  if (environment !== "production") return undefined;
  if (webhooks.privateHosts.length === 0 && webhooks.trust === undefined) return undefined;
  return "A production stack calls webhooks on the Internet only, by public roots; remove webhooks.privateHosts and webhooks.trust.";
}
