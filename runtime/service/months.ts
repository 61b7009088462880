import { Gauge, type Registry } from "prom-client";
import type { Log } from "./logger.ts";
import type { Queries } from "./postgres.ts";
import { Worker } from "./worker.ts";

/** How often is looked whether there are months enough, in ms: they are made three months before they are needed. */
const LOOK_MS = 3_600_000;

/** What a service keeps by month. */
export interface MonthsOptions {
  /** The service's own schema. */
  readonly database: Queries;
  readonly registry: Registry;
  readonly log: Log;
}

/**
 * Makes the months that are to come of a service's tables by month, and drops those of its leaves that the audit log has: of whichever
 * several replicas do at once, the database does one.
 *
 * Registers `wekeza_months_ahead`: how many months after the present one are there; from -1 (rows are put aside that have none) to 3.
 */
export function keepMonths({ database, registry, log }: MonthsOptions): Worker {
  const months = new Gauge({
    name: "wekeza_months_ahead",
    help: "Months after the present one that the tables by month have; -1 when rows are put aside that have none.",
    registers: [registry],
  });
  return new Worker({
    name: "months",
    everyMs: LOOK_MS,
    log,
    work: async () => {
      const ahead = await monthsAhead(database);
      months.set(ahead);
      const dropped = await dropSequenced(database);
      if (dropped > 0) log.info({ months: dropped }, "leaves that the audit log has were dropped");
      // Thrown, so that it is tried again before long and can be read in the log.
      if (ahead < 0)
        throw new Error(
          "Rows are put aside that have no month: the present one could not be made, or too many wait for months that are over (docs/adr/0031-months.md).",
        );
      return false;
    },
  });
}

/** Makes the next three months where they are not there. @returns how many there are; -1 when rows have none. */
export async function monthsAhead(database: Queries): Promise<number> {
  const { rows } = await database.query<{ readonly ahead: number }>("select keep_months() as ahead");
  return rows[0]?.ahead ?? -1;
}

/**
 * Drops months of the service's own leaves that have been over for another month, once the audit log has every leaf of them.
 *
 * @returns how many.
 */
export async function dropSequenced(database: Queries): Promise<number> {
  const { rows } = await database.query<{ readonly dropped: number }>("select drop_sequenced() as dropped");
  return rows[0]?.dropped ?? 0;
}
