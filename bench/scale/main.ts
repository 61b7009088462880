import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClientBase } from "pg";
import { table } from "../../cli/quickstart/table.ts";
import { NOW } from "../../runtime/banking/testing/bank.ts";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { sentIn } from "./budget.ts";
import { fill, FILLING } from "./fill.ts";
import { budgetOf, planText } from "./plan.ts";
import { readCosts, type ReadCost } from "./reads.ts";
import type { Size } from "./size.ts";
import { statementOf, statementsOf } from "./statements.ts";
import { FillRefused, loginToFill } from "./target.ts";

const USAGE = `npm run seed -- --customers N --consents M [--entries E] [--into URL [--beside-others]] [--compare M]

Fills the stores of every service with customers who do not exist. Without --into: those of a database of its own, which
is measured and removed. --entries: on each customer's first account, 10 unless told. --compare: first the same with M
consents, to see what grows.`;

const { values } = parseArgs({
  options: {
    customers: { type: "string", default: "100000" },
    consents: { type: "string", default: "1000000" },
    entries: { type: "string", default: "10" },
    into: { type: "string" },
    "beside-others": { type: "boolean", default: false },
    compare: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function print(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const columns = titles.map((title, n) => ({
    title,
    align: n === 0 ? ("left" as const) : ("right" as const),
  }));
  process.stdout.write(`${table(columns, rows)}\n\n`);
}

/** Fills and tells how long it took and how large it is. */
async function fillAndTell(client: ClientBase, size: Size, log: boolean): Promise<void> {
  const started = performance.now();
  const filled = await fill(client, { size, at: log ? NOW : new Date(), log });
  const { rows: sizes } = await client.query<{ name: string; size: string; all: string }>(
    `select nspname || '.' || relname as name, pg_size_pretty(sum(pg_total_relation_size(coalesce(inhrelid, c.oid)))) as size,
       pg_size_pretty(pg_database_size(current_database())) as all
     from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_inherits on inhparent = c.oid
     where relkind in ('r', 'p') and nspname || '.' || relname = any ($1) group by 1`,
    [filled.map(({ table: name }) => name)],
  );
  const sizeOf = new Map(sizes.map(({ name, size: text }) => [name, text]));
  print(
    ["TABLE", "ROWS", "SECONDS", "SIZE"],
    filled.map((each) => [
      each.table,
      String(each.rows),
      each.seconds.toFixed(1),
      sizeOf.get(each.table) ?? "",
    ]),
  );
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  process.stdout.write(
    `${size.customers} customers, ${size.consents} consents: ${seconds} s, ${sizes[0]?.all ?? ""}\n\n`,
  );
}

/** Fills a database of its own, measures its reads, looks at it further, and removes it. */
async function measure(
  size: Size,
  further: (stack: StackDatabase) => Promise<void> = async () => undefined,
): Promise<readonly ReadCost[]> {
  const stack = await startStackDatabase(FILLING);
  // Nobody wants to find 40 GB in a temporary folder after Ctrl-C.
  const interrupted = (): void => void stack.stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    await asSuperuser(stack.agent.socket, "wekeza", (client) => fillAndTell(client, size, true));
    const costs = await readCosts(stack, size, NOW);
    await further(stack);
    return costs;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await stack.stop();
  }
}

/** Tells which statements come nearest to their budgets, and which are over them. */
async function tellWorst(stack: StackDatabase): Promise<void> {
  const statements = await statementsOf(join(import.meta.dirname, "../../runtime"));
  const judged = (await sentIn(stack, NOW))
    .flatMap((cost) => {
      const statement = cost.nested ? undefined : statementOf(cost.text, statements);
      return statement === undefined
        ? []
        : [{ ...cost, place: statement.place, part: cost.buffers / budgetOf(cost) }];
    })
    .toSorted((a, b) => b.part - a.part);
  print(
    ["STATEMENT", "PLANS", "PAGES", "ROWS", "BUDGET"],
    judged
      .slice(0, 10)
      .map((each) => [
        each.place,
        each.planMode,
        String(each.buffers),
        String(each.rows),
        String(budgetOf(each)),
      ]),
  );
  for (const { place, text, plan } of judged.filter(({ part }) => part > 1))
    process.stdout.write(`over its budget: ${place}\n${text}\n${planText(plan)}\n\n`);
}

async function run(): Promise<void> {
  const size: Size = {
    customers: Number(values.customers),
    consents: Number(values.consents),
    entries: Number(values.entries),
  };
  const large = [size.customers, size.consents, Number(values.compare ?? 100)];
  const whole = [...large, size.entries].every(Number.isSafeInteger);
  if (values.help || !whole || large.some((each) => each < 100) || size.entries < 1) {
    process.stdout.write(`${USAGE}\nAll are whole numbers: entries from 1 on, the others from 100.\n`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (values.into !== undefined) {
    const client = await loginToFill(values.into, values["beside-others"]);
    try {
      await fillAndTell(client, size, false);
    } finally {
      await client.end();
    }
    return;
  }
  const few = Number(values.compare ?? size.consents);
  const smaller: Size = {
    customers: Math.max(100, Math.round((size.customers * few) / size.consents)),
    consents: few,
    entries: size.entries,
  };
  const before = values.compare === undefined ? undefined : await measure(smaller);
  const after = await measure(size, tellWorst);
  print(
    [
      "PAGES OF A READ",
      ...(before ? [`${few} CONSENTS`] : []),
      `${size.consents} CONSENTS`,
      ...(before ? ["RATIO"] : []),
    ],
    after.map(({ what, pages }, n) => {
      const then = before?.[n]?.pages;
      return [
        what,
        ...(then === undefined ? [] : [then.toFixed(1)]),
        pages.toFixed(1),
        ...(then === undefined ? [] : [(pages / then).toFixed(2)]),
      ];
    }),
  );
}

try {
  await run();
} catch (error) {
  if (!(error instanceof FillRefused)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
