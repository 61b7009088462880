import { Counter, Gauge, type Registry } from "prom-client";
import type { Log } from "../../service/logger.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import { Worker } from "../../service/worker.ts";
import { eraseByAge, forgetProofs, LOOKED_AT_ONCE, type Aged } from "./carry-out-age.ts";

/** How often is looked for what is too old to be kept, in ms. */
const LOOK_MS = 60_000;
/** Consents counted at most that wait to be looked at. */
const MOST = 1_000;

/** What the service erases by age. */
export interface AgesOptions {
  readonly database: Database;
  readonly registry: Registry;
  readonly log: Log;
}

/**
 * Erases what is too old to be kept, from now on.
 *
 * Registers `wekeza_erased_by_age_total` (what: consents, requests, holds; rule) and `wekeza_erasure_by_age_waiting`: consents whose time
 * may be over and that were not looked at, {@link MOST} at most. It is 0 but for a minute; one that stays says that nothing is erased.
 */
export function keepAges({ database, registry, log }: AgesOptions): Worker {
  const registers = [registry];
  const erased = new Counter({
    name: "wekeza_erased_by_age_total",
    help: "What was kept for as long as the law asks, and erased.",
    labelNames: ["what", "rule"],
    registers,
  });
  const waiting = new Gauge({
    name: "wekeza_erasure_by_age_waiting",
    help: "Consents whose time may be over and that were not looked at yet.",
    registers,
  });
  return new Worker({
    name: "ages",
    everyMs: LOOK_MS,
    log,
    work: async () => {
      const { looked, gone } = await eraseByAge(database, log);
      const proofs = await forgetProofs(database);
      for (const { what, rule, count } of [...gone, ...proofs]) erased.inc({ what, rule }, count);
      waiting.set(await waitingIn(database));
      return looked === LOOKED_AT_ONCE || proofs.some(({ count }: Aged) => count === LOOKED_AT_ONCE);
    },
  });
}

/** Consents whose time may be over and that were not looked at, {@link MOST} at most. */
export async function waitingIn(database: Queries): Promise<number> {
  const { rows } = await database.query<{ readonly waiting: number }>(
    "select count(*)::int as waiting from (select from ages where look_at <= now() order by look_at limit $1) due",
    [MOST],
  );
  return rows[0]?.waiting ?? 0;
}
