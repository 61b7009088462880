import { MAX_CONNECTIONS, PARTNERS_CONNECTIONS } from "../../runtime/database/config.ts";
import { PARTNER_SERVICES } from "../../runtime/service/config.ts";
import { SERVICES, type Sizes } from "./stack.ts";

/** Services that keep connections to the database in each of their pods. */
const POOLED = SERVICES.filter((service) => service !== "gateway");

/** Kept for the superuser, so that the agent always gets in: Postgres's `superuser_reserved_connections`, by default. */
const RESERVED = 3;
/** Of the Jobs that migrate and fill the database, each. */
export const JOB_CONNECTIONS = 4;
const JOBS = 2;

/** Of a pod: more wait for a processor. */
const MOST = 10;
/** One that a worker holds while it waits for a broker or a key store, and one for all else; nothing takes two at once. */
const FEWEST = 2;

/** What pods of services may open in all, whoever else is there: roles of partners have a limit of their own on the server. */
const ROOM =
  MAX_CONNECTIONS - RESERVED - PARTNER_SERVICES.length * PARTNERS_CONNECTIONS - JOBS * JOB_CONNECTIONS;

/** Pods with a pool when each service has so many: one more of each while they are replaced, and a tool in one of them. */
const podsWith = (replicas: number): number => POOLED.length * (replicas + 1) + 1;

/** The most pods of a service for which there are connections. */
export const MOST_REPLICAS = Math.floor((ROOM / FEWEST - 1) / POOLED.length - 1);

/** How many pods of each service may run at once for the database's sake. */
export function withinConnections({ minReplicas, maxReplicas }: Sizes): Sizes {
  return {
    minReplicas: Math.min(minReplicas, MOST_REPLICAS),
    maxReplicas: Math.min(maxReplicas, MOST_REPLICAS),
  };
}

/** Connections that each pod of a service may open, so that all of them together find room, though every autoscaler is at its end. */
export function poolSizeFor({ maxReplicas }: Sizes): number {
  return Math.min(MOST, Math.floor(ROOM / podsWith(maxReplicas)));
}

/** The most connections that a stack may ask its database for, of those that anybody but the superuser gets. */
export function connectionsAtMost(sizes: Sizes): number {
  const services = podsWith(sizes.maxReplicas) * poolSizeFor(sizes);
  return services + PARTNER_SERVICES.length * PARTNERS_CONNECTIONS + JOBS * JOB_CONNECTIONS;
}

/** Connections that Postgres gives to all but the superuser. */
export const CONNECTIONS_GRANTED = MAX_CONNECTIONS - RESERVED;
