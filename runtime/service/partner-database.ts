import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { PartnerService } from "./config.ts";
import { Problem } from "./problem.ts";
import { createDatabase, sqlStateOf, type Database, type DatabaseOptions } from "./postgres.ts";

/** The role as which a service speaks to its database for one partner alone. */
export function partnerRole(service: PartnerService): `${PartnerService}_partner` {
  return `${service}_partner`;
}

/** Connections that one partner has in one pod, at most: it waits for those of nobody else, and nobody for its. */
export const CONNECTIONS_OF_ONE = 4;
/** Unused ones are closed after this, in ms: all partners together have so many on the server. */
const IDLE_MS = 2_000;

/** A service's database: what is done during a call of a partner's own gateway goes over that partner's connections. */
export interface PartnerDatabase extends Database {
  /** Runs `work` and all that follows from it for one partner; undefined: for the service. */
  readonly during: (partner: string | undefined, work: () => void) => void;
}

/** SQLSTATE 53300 too_many_connections: said before anything of the work was sent. */
const FULL = "53300";
/** What a pool says whose connections are all in use for too long. */
const ALL_IN_USE = "timeout exceeded when trying to connect";

/** The database of a service: connections of its own, and some for each partner that has gateways of its own. */
export function databaseOf(
  service: PartnerService,
  { config, ...options }: Pick<DatabaseOptions, "config" | "identity" | "log">,
): PartnerDatabase {
  const own = { schema: service, user: partnerRole(service), idleMs: IDLE_MS };
  const few = { ...config, poolSize: CONNECTIONS_OF_ONE };
  return partnerDatabase(createDatabase({ ...options, config, user: service }), (partner) =>
    createDatabase({ ...options, ...own, config: few, partner }),
  );
}

/**
 * Puts each statement on the connections it belongs on. Whoever writes one need not know: it is the call that has a
 * partner, by the certificate it came with.
 *
 * @param own opens the connections of one partner; called once for each.
 */
function partnerDatabase(service: Database, own: (partner: string) => Database): PartnerDatabase {
  const current = new AsyncLocalStorage<Database>();
  const opened = new Map<string, Database>();
  const databaseOf = (partner: string): Database => {
    const known = opened.get(partner) ?? whereThereIsRoom(own(partner));
    opened.set(partner, known);
    return known;
  };
  const here = (): Database => current.getStore() ?? service;
  return {
    query: (text, values) => here().query(text, values),
    transaction: (work, options) => here().transaction(work, options),
    during(partner, work) {
      if (partner === undefined) work();
      else current.run(databaseOf(partner), work);
    },
    async close() {
      await Promise.all([service, ...opened.values()].map((each) => each.close()));
    },
  };
}

/** Times that a full server is asked, and the pause between them in ms: together what a pool waits as well. */
const ATTEMPTS = 30;
const PAUSE_MS = 100;

/** The database, which says 503 when the partner has all of its connections in use and none gets free. */
function whereThereIsRoom(database: Database): Database {
  const once = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let n = 1; ; n += 1) {
      try {
        return await work();
      } catch (error) {
        const full = sqlStateOf(error) === FULL;
        if (!full && !(error instanceof Error && error.message === ALL_IN_USE)) throw error;
        if (!full || n === ATTEMPTS)
          throw new Problem(
            503,
            "PartnerBusy",
            "Too many calls of partners like you are under way; ask again.",
            {
              cause: error,
            },
          );
        await delay(PAUSE_MS);
      }
    }
  };
  return {
    query: (text, values) => once(() => database.query(text, values)),
    transaction: (work, options) => once(() => database.transaction(work, options)),
    close: () => database.close(),
  };
}
