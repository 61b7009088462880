import { Type, type Static } from "typebox";
import { CommonConfig, DatabaseConfig } from "../service/config.ts";

/** What the operator writes for the agent beside a stack's Postgres, and for the Jobs that migrate and seed it. */
export const PostgresConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  /** Directory of the volume; the cluster lives in its subdirectory `data`. */
  volume: Type.String({ default: "/var/lib/postgresql" }),
  /** Where its primary is, if it is a read replica. */
  primary: Type.Optional(Type.Object({ host: Type.String(), port: Type.Integer() })),
});
export type PostgresConfig = Static<typeof PostgresConfig>;
