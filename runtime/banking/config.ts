import { Type, type Static } from "typebox";
import { CommonConfig, DatabaseConfig, RedisConfig } from "../service/config.ts";

/** What the operator writes for a stack's banking service. */
export const BankingConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  redis: RedisConfig,
  upstreams: Type.Object({
    consent: Type.String(),
    /** Wekeza-Fraud and Wekeza-NextGen; absent: the sandbox's own, or in production nobody. */
    fraud: Type.Optional(Type.String()),
    scheme: Type.Optional(Type.String()),
  }),
  /** Makes demo customers; the service refuses to start with it in production. */
  demoData: Type.Boolean({ default: false }),
});
export type BankingConfig = Static<typeof BankingConfig>;
