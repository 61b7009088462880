import { Type, type Static } from "typebox";
import { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import { CommonConfig, RedisConfig } from "../service/config.ts";

/** What the operator writes for a stack's gateways. */
export const GatewayConfig = Type.Object({
  ...CommonConfig.properties,
  redis: RedisConfig,
  /** The store of the key that signs answers; absent: the Secret has it. */
  keyStore: Type.Optional(OpenBaoSettings),
  /** Base URLs of the services behind it, spoken to by service mTLS. */
  upstreams: Type.Object({
    consent: Type.String(),
    banking: Type.String(),
    oauth: Type.String(),
    /** Absent in a stack without events. */
    events: Type.Optional(Type.String()),
  }),
});
export type GatewayConfig = Static<typeof GatewayConfig>;
