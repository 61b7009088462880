import { Type, type Static } from "typebox";
import { CommonConfig, DatabaseConfig, RedisConfig } from "../service/config.ts";

/** What the operator writes for a stack's consent service. */
export const ConsentConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  redis: RedisConfig,
});
export type ConsentConfig = Static<typeof ConsentConfig>;
