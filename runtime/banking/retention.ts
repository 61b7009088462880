import { Counter, type Registry } from "prom-client";
import { writeAuditLeaf } from "../service/audit-leaf.ts";
import { forgetKeys } from "../service/idempotency.ts";
import type { Log } from "../service/logger.ts";
import type { Database } from "../service/postgres.ts";
import { Worker } from "../service/worker.ts";

/** How often is looked for what is too old to be kept, in ms. */
const LOOK_MS = 30_000;
/** Rows that one call forgets at most. */
export const FORGOTTEN_AT_ONCE = 100;

/**
 * Forgets that somebody was asked whether there is money enough, thirteen months after; the log says how many. Which, and by whose clock,
 * the database decides.
 *
 * @returns how many; {@link FORGOTTEN_AT_ONCE} means that there may be more.
 */
export function forgetConfirmations(database: Database, now: Date): Promise<number> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ readonly count: number }>("select forget_confirmations($1) as count", [
      FORGOTTEN_AT_ONCE,
    ]);
    const count = rows[0]?.count ?? 0;
    if (count === 0) return 0;
    const what = "funds-confirmations";
    await writeAuditLeaf(tx, {
      at: now,
      subject: what,
      value: { type: "banking.aged", at: now.toISOString(), what, rule: "disputable", count },
    });
    return count;
  });
}

/**
 * Forgets what is too old to be kept, from now on: keys of requests a day after, answers about funds. Payments are erased with
 * their consents, by the consent service.
 *
 * Registers `wekeza_banking_forgotten_total` (what: keys, funds-confirmations).
 */
export function keepAges({
  database,
  registry,
  clock,
  log,
}: {
  readonly database: Database;
  readonly registry: Registry;
  readonly clock: () => Date;
  readonly log: Log;
}): Worker {
  const forgotten = new Counter({
    name: "wekeza_banking_forgotten_total",
    help: "What was kept for as long as it was needed, and forgotten.",
    labelNames: ["what"],
    registers: [registry],
  });
  return new Worker({
    name: "ages",
    everyMs: LOOK_MS,
    log,
    work: async () => {
      forgotten.inc({ what: "keys" }, await forgetKeys(database, clock()));
      const confirmations = await forgetConfirmations(database, clock());
      forgotten.inc({ what: "funds-confirmations" }, confirmations);
      return confirmations === FORGOTTEN_AT_ONCE;
    },
  });
}
