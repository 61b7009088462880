import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { NOW } from "../../runtime/banking/testing/bank.ts";
import { sentIn, type Sent } from "./budget.ts";
import { fill, FILLING } from "./fill.ts";
import { budgetOf, planText } from "./plan.ts";
import { statementOf, statementsOf, type Statement } from "./statements.ts";

/** Tables of some hundred pages, so that reading one whole costs what no index does. */
const SIZE = { customers: 1_000, consents: 20_000, entries: 10 };
/** Filling takes ten seconds of CPU; this is for a machine that has other work, in ms. */
const PATIENCE_MS = 300_000;

let stack: StackDatabase;
let statements: readonly Statement[];
let sent: readonly Sent[];

beforeAll(async () => {
  statements = await statementsOf(join(import.meta.dirname, "../../runtime"));
  stack = await startStackDatabase(FILLING);
  await asSuperuser(stack.agent.socket, "wekeza", (client) =>
    fill(client, { size: SIZE, at: NOW, log: true }),
  );
  sent = await sentIn(stack, NOW);
}, PATIENCE_MS);
afterAll(() => stack.stop());

/** Statements that may cost what they cost, and why. */
const EXEMPT: Readonly<Record<string, string>> = {
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
};

test("every statement in the sources of a service was sent", () => {
  const reached = new Set(
    sent.map(({ text, nested }) => (nested ? undefined : statementOf(text, statements)?.text)),
  );
  const unsent = statements.filter(({ text }) => !reached.has(text));
  expect(unsent.map(({ place, text }) => `${place}: ${text}`)).toEqual([]);
});

test("no statement reads more than its rows are worth, with plans for its values and with plans for any", () => {
  const judged = sent.filter(
    ({ text, nested }) =>
      (nested || statementOf(text, statements) !== undefined) &&
      !Object.keys(EXEMPT).some((start) => text.trimStart().startsWith(start)),
  );
  const tooMuch = judged.filter((cost) => cost.buffers > budgetOf(cost));
  expect(tooMuch.map(inWords)).toEqual([]);
});

function inWords(cost: Sent): string {
  const { text, planMode, buffers, rows, plan, nested } = cost;
  const place = nested ? "in a function or trigger" : statementOf(text, statements)?.place;
  const words = `${buffers} pages for ${rows} rows, ${budgetOf(cost)} allowed`;
  return `${place} (plan_cache_mode ${planMode}): ${words}\n${text}\n${planText(plan)}`;
}
