import { Type, type Static } from "typebox";
import { CommonConfig, DatabaseConfig } from "../../service/config.ts";

/** What the seed Job reads of its configuration. */
export const SeedConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  demoData: Type.Boolean({ default: false }),
});
export type SeedConfig = Static<typeof SeedConfig>;
