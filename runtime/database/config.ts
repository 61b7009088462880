import { Type, type Static } from "typebox";
import { CommonConfig, DatabaseConfig } from "../service/config.ts";

/**
 * Connections that Postgres lets in. One that nobody opened costs 46 kB (docs/performance/connections.md). A constant, because with
 * another the database has to start again.
 */
export const MAX_CONNECTIONS = 400;

/** What each of them takes when all are there and over each every statement of its service was sent, in MiB. */
export const CONNECTION_MIB = 7;

/**
 * Connections that each role of partners may have, whoever the partners are. Those of all services are sized to what is left
 * (`operator/stack/connections.ts`), so that partners of their own take none from the others.
 */
export const PARTNERS_CONNECTIONS = 30;

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
