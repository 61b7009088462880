import { narrowed, type Period } from "../access.ts";
import type { Account } from "../core-bank.ts";

/** A month of an account, which is over. */
export interface Statement {
  readonly account: string;
  /** `2026-10`. */
  readonly id: string;
  /** Its first moment and its last, in ms steps. */
  readonly period: Period;
}

/**
 * Statements of an account, newest first: one for each month that is over and lies in a period with all its days.
 *
 * Months are those of UTC. They are computed, not kept: the ledger they are read from never changes.
 */
export function statementsOf({ id, openedAt }: Account, { from, to }: Period): readonly Statement[] {
  const statements: Statement[] = [];
  const first = openedAt > from ? openedAt : from;
  for (let end = monthStart(to, 0); ; end = monthStart(end, -1)) {
    const start = monthStart(end, -1);
    const whole = narrowed(
      { from: start, to: new Date(end.getTime() - 1) },
      { from: openedAt, to: undefined },
    );
    if (whole.from < first || whole.from > whole.to) return statements;
    statements.push({ account: id, id: start.toISOString().slice(0, 7), period: whole });
  }
}

/** A statement as partners read it (`OBStatement2`). */
export function statementAnswer({ account, id, period }: Statement): object {
  return {
    AccountId: account,
    StatementId: id,
    StatementReference: id,
    Type: "RegularPeriodic",
    StartDateTime: period.from.toISOString(),
    EndDateTime: period.to.toISOString(),
    CreationDateTime: new Date(period.to.getTime() + 1).toISOString(),
  };
}

/** The first moment of a month, some months later. */
function monthStart(at: Date, months: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1));
}
