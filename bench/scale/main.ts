import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClientBase } from "pg";
import { table } from "../../cli/quickstart/table.ts";
import { NOW } from "../../runtime/banking/testing/bank.ts";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { sentIn } from "./budget.ts";
import { fill, FILLING } from "./fill.ts";
import { judged, overBudget } from "./judge.ts";
import { readCosts, type ReadCost } from "./reads.ts";
import { OTHER_CUSTOMERS } from "./rows/banking.ts";
import type { Size } from "./size.ts";
import { statementsOf } from "./statements.ts";
import { FillRefused, loginToFill } from "./target.ts";

const USAGE = `npm run seed -- --customers N --consents M [--entries E] [--into URL [--beside-others]] [--compare M] [--keep FOLDER]

Fills the stores of every service with customers who do not exist. Without --into: those of a database of its own, which
is measured and removed; a statement that reads more than it may is told, with status 1. --entries: on each customer's first
account, 10 unless told. --compare: first the same with M consents, to see what grows. --keep: the database is in that
folder and stays there; one that was filled before is measured again.`;

const { values } = parseArgs({
  options: {
    customers: { type: "string", default: "100000" },
    consents: { type: "string", default: "1000000" },
    entries: { type: "string", default: "10" },
    into: { type: "string" },
    "beside-others": { type: "boolean", default: false },
    compare: { type: "string" },
    keep: { type: "string" },
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
async function fillAndTell(clients: readonly ClientBase[], size: Size, own: boolean): Promise<void> {
  const [client] = clients;
  if (client === undefined) return;
  const started = performance.now();
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const filled = await fill(clients, { size, at: own ? NOW : new Date(), own, tell });
  const { rows: sizes } = await client.query<{ name: string; size: string; indexes: string; all: string }>(
    `select nspname || '.' || relname as name, pg_size_pretty(sum(pg_total_relation_size(coalesce(inhrelid, c.oid)))) as size,
       pg_size_pretty(sum(pg_indexes_size(coalesce(inhrelid, c.oid)))) as indexes,
       pg_size_pretty(pg_database_size(current_database())) as all
     from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_inherits on inhparent = c.oid
     where relkind in ('r', 'p') and nspname || '.' || relname = any ($1) group by 1`,
    [filled.map(({ table: name }) => name)],
  );
  const sizeOf = new Map(sizes.map((each) => [each.name, each]));
  print(
    ["TABLE", "ROWS", "SECONDS", "SIZE", "OF IT INDEXES"],
    filled.map((each) => [
      each.table,
      String(each.rows),
      each.seconds.toFixed(1),
      sizeOf.get(each.table)?.size ?? "",
      sizeOf.get(each.table)?.indexes ?? "",
    ]),
  );
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  process.stdout.write(
    `${size.customers} customers, ${size.consents} consents: ${seconds} s, ${sizes[0]?.all ?? ""}\n\n`,
  );
}

/** Sessions that fill a database: as many as there are shares of its tables that know nothing of each other. */
const SESSIONS = 5;

/** Logs in until there are sessions enough. */
async function withSessions(
  stack: StackDatabase,
  clients: readonly ClientBase[],
  use: (clients: readonly ClientBase[]) => Promise<void>,
): Promise<void> {
  if (clients.length === SESSIONS) return use(clients);
  return asSuperuser(stack.agent.socket, "wekeza", (client) =>
    withSessions(stack, [...clients, client], use),
  );
}

/** What is done with a database that is filled. */
interface Measuring {
  /** Folder in which it is and stays. */
  readonly keep?: string | undefined;
  /** Looks at it further. */
  readonly further?: (stack: StackDatabase, costs: readonly ReadCost[]) => Promise<void>;
}

/** Fills a database of its own unless it is, measures its reads, looks at it further, and removes it unless it is kept. */
async function measure(size: Size, { keep, further }: Measuring): Promise<readonly ReadCost[]> {
  const starting = startStackDatabase(FILLING, keep);
  // Nobody wants to find 40 GB in a temporary folder after Ctrl-C.
  const interrupted = (): void =>
    void starting.then((stack) => stack.stop()).finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const stack = await starting;
  try {
    await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
      const { rows } = await client.query<{ ours: number }>(OTHER_CUSTOMERS);
      const ours = rows[0]?.ours ?? 0;
      if (ours === 0) return withSessions(stack, [client], (clients) => fillAndTell(clients, size, true));
      if (ours !== size.customers) throw new FillRefused(`${keep} was filled with ${ours} customers.`);
    });
    const costs = await readCosts(stack, size, NOW);
    await further?.(stack, costs);
    return costs;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await stack.stop();
  }
}

/** Tells which statements come nearest to their budgets, and which are over them. */
async function tellWorst(stack: StackDatabase): Promise<void> {
  const statements = await statementsOf(join(import.meta.dirname, "../../runtime"));
  const all = judged(await sentIn(stack, NOW), statements);
  print(
    ["STATEMENT", "PLANS", "PAGES", "ROWS", "BUDGET"],
    all
      .slice(0, 12)
      .map(({ place, planMode, buffers, rows, budget }) => [
        place,
        planMode,
        String(buffers),
        String(rows),
        String(budget),
      ]),
  );
  const over = overBudget(all);
  process.stdout.write(`${all.length} statements were judged; ${over.length} read more than they may.\n`);
  for (const each of over) process.stdout.write(`over its budget: ${each}\n\n`);
  if (over.length > 0) process.exitCode = 1;
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
      await fillAndTell([client], size, false);
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
  const before = values.compare === undefined ? undefined : await measure(smaller, {});
  await measure(size, {
    keep: values.keep,
    further: async (stack, costs) => {
      tellReads(size, costs, few, before);
      await tellWorst(stack);
    },
  });
}

/** Tells what reads cost, and what they cost before when there were fewer consents. */
function tellReads(
  { consents }: Size,
  costs: readonly ReadCost[],
  few: number,
  before?: readonly ReadCost[],
): void {
  const titles = before ? [`${few} CONSENTS`, `${consents} CONSENTS`, "RATIO"] : [`${consents} CONSENTS`];
  print(
    ["PAGES OF A READ", ...titles],
    costs.map(({ what, pages }, n) => {
      const then = before?.[n]?.pages;
      if (then === undefined) return [what, pages.toFixed(1)];
      return [what, then.toFixed(1), pages.toFixed(1), (pages / then).toFixed(2)];
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
