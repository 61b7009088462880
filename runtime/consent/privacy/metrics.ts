import { Gauge, type Registry } from "prom-client";
import type { Log } from "../../service/logger.ts";
import type { Queries } from "../../service/postgres.ts";

/** Requests counted at most: whoever has more has other worries than their number. */
const MOST = 1_000;

/**
 * Registers `wekeza_privacy_requests_open` and `wekeza_privacy_requests_overdue`, and looks at what customers asked: once
 * a time limit has passed without an answer, and each time that more have, the log says so as an error.
 *
 * @returns the look, to be repeated.
 */
export function watchTimeLimits({
  registry,
  database,
  clock,
  log,
}: {
  readonly registry: Registry;
  readonly database: Queries;
  readonly clock: () => Date;
  readonly log: Log;
}): () => Promise<void> {
  const registers = [registry];
  const open = new Gauge({
    name: "wekeza_privacy_requests_open",
    help: "What customers asked about their data and nobody has answered yet.",
    registers,
  });
  const overdue = new Gauge({
    name: "wekeza_privacy_requests_overdue",
    help: "Those whose time limit by law has passed.",
    registers,
  });
  let before = 0;
  return async () => {
    const { rows } = await database.query<{
      readonly id: string;
      readonly due: boolean;
      readonly dueAt: Date;
    }>(
      `select id, due_at <= $1 as due, due_at as "dueAt" from privacy_requests where answered_at is null
       order by due_at limit $2`,
      [clock(), MOST],
    );
    const late = rows.filter(({ due }) => due);
    open.set(rows.length);
    overdue.set(late.length);
    const [oldest] = late;
    if (late.length > before && oldest !== undefined)
      log.error(
        { requests: late.length, oldest: oldest.id, dueAt: oldest.dueAt },
        "privacy requests are overdue: answer them, or extend those the law lets you",
      );
    before = late.length;
  };
}
