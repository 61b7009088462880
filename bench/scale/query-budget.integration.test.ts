import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { NOW } from "../../runtime/banking/testing/bank.ts";
import { sentIn, type Sent } from "./budget.ts";
import { fill, FILLING } from "./fill.ts";
import { judged, overBudget } from "./judge.ts";
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
    fill([client], { size: SIZE, at: NOW, own: true }),
  );
  sent = await sentIn(stack, NOW);
}, PATIENCE_MS);
afterAll(() => stack.stop());

test("every statement in the sources of a service was sent", () => {
  const reached = new Set(
    sent.map(({ text, nested }) => (nested ? undefined : statementOf(text, statements)?.text)),
  );
  const unsent = statements.filter(({ text }) => !reached.has(text));
  expect(unsent.map(({ place, text }) => `${place}: ${text}`)).toEqual([]);
});

test("no statement reads more than its rows are worth, with plans for its values and with plans for any", () => {
  expect(overBudget(judged(sent, statements))).toEqual([]);
});
