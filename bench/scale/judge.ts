import type { Sent } from "./budget.ts";
import { budgetOf, planText } from "./plan.ts";
import { statementOf, type Statement } from "./statements.ts";

/** Statements that may cost what they cost, by how they begin, and why. */
const EXEMPT: Readonly<Record<string, string>> = {
  "select counted.*, (select policy":
    "counts every live consent, once a minute in a stack: 500,000 are 482 pages of an index in which equal entries share a key",
  "select * from drop_month($1)": "drops a table once a month: what it reads is the catalogue",
  "select drop_sequenced()": "drops months, once each: what it reads is the catalogue",
  "select old_months(": "called by it",
  "select keep_months()": "makes a month, once each: what it reads and writes is the catalogue",
  "SELECT add_month(": "called by it",
  "select add_month(": "called by it, and where leaves are sequenced",
  "SELECT add_partition(": "called by it",
  "select ensure_month(": "calls the same where leaves are sequenced",
  "select l.index, l.leaf from leaf l where l.subject = any (p_subjects)":
    "what the log says of one customer, when she asks for it: each of her subjects is looked for in every month there is",
  "select index, leaf from audit.history_of": "calls the one above",
  "select try_lock_customers(":
    "names the few customers of up to a hundred consents, each of which is looked up by its id",
};

/** A statement that has to keep to its budget, and how near it came. */
export interface Judged extends Sent {
  /** Where it stands in the sources. */
  readonly place: string;
  /** Pages that it may read. */
  readonly budget: number;
}

/** Of what was sent, what services send and functions of ours do; of each the time it came nearest to its budget, the nearest first. */
export function judged(sent: readonly Sent[], statements: readonly Statement[]): readonly Judged[] {
  const all = sent.flatMap((cost) => {
    const place = cost.nested
      ? `a function: ${firstWords(cost.text)}`
      : statementOf(cost.text, statements)?.place;
    const exempt = Object.keys(EXEMPT).some((start) => cost.text.trimStart().startsWith(start));
    return place === undefined || exempt ? [] : [{ ...cost, place, budget: budgetOf(cost) }];
  });
  const nearest = new Map<string, Judged>();
  for (const each of all.toSorted((a, b) => b.buffers / b.budget - a.buffers / a.budget)) {
    const statement = `${each.planMode} ${each.place} ${each.text}`;
    if (!nearest.has(statement)) nearest.set(statement, each);
  }
  return [...nearest.values()];
}

function firstWords(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 60);
}

/** What is wrong with each that read more than it may. */
export function overBudget(all: readonly Judged[]): readonly string[] {
  return all
    .filter(({ buffers, budget }) => buffers > budget)
    .map(({ place, planMode, buffers, rows, budget, text, plan }) => {
      const words = `${buffers} pages for ${rows} rows, ${budget} allowed`;
      return `${place} (plan_cache_mode ${planMode}): ${words}\n${text}\n${planText(plan)}`;
    });
}
