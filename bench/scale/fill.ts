import type { ClientBase, QueryResult } from "pg";
import { filledFirst } from "./bulk.ts";
import { auditRows } from "./rows/audit.ts";
import { accountRows, bookRows, customerRows, LAST_ENTRY, postingRows } from "./rows/banking.ts";
import { consentRows } from "./rows/consent.ts";
import { eventsRows } from "./rows/events.ts";
import { oauthRows } from "./rows/oauth.ts";
import type { Fill, Size } from "./size.ts";

/** What filling one table came to. */
export interface Filled {
  readonly table: string;
  readonly rows: number;
  readonly seconds: number;
}

/** How a database is filled. */
export interface FillOptions {
  readonly size: Size;
  /** When the lives that are made up end. */
  readonly at: Date;
  /**
   * Whether the database is there for nothing else, and thrown away if this fails. Then the audit log is made up too, which
   * is never true again, and indexes are built at once.
   */
  readonly own: boolean;
  /** Told how far it is, a line for each table that has its rows, and one when these are settled. */
  readonly tell?: (line: string) => void;
}

/** Settings of a server that is filled at once and thrown away: nothing of it has to outlive a crash. */
export const FILLING = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "4GB",
  shared_buffers: "256MB",
  // For indexes, which are built when the rows are there.
  maintenance_work_mem: "512MB",
  max_parallel_maintenance_workers: "2",
  autovacuum: "off",
} as const;

/**
 * Fills the stores of every service, one statement for a table.
 *
 * Triggers and foreign keys stay out of it, so every row is made to hold what they would have seen to: entries balance,
 * balances are sums, everything refers to something.
 *
 * @param clients superusers. All that one of them writes is one transaction: of a database that is not thrown away if this
 *   fails, there is one.
 */
export async function fill(clients: readonly ClientBase[], options: FillOptions): Promise<readonly Filled[]> {
  const { size, at, own } = options;
  // No share reads what another writes.
  const lastEntry = own ? "0" : LAST_ENTRY;
  const shares: (readonly Fill[])[] = [
    postingRows(size, lastEntry),
    accountRows(size),
    [...customerRows(size), ...(own ? auditRows(size) : [])],
    bookRows(size, lastEntry),
    [...consentRows(size), ...eventsRows(size), ...oauthRows(size)],
  ];
  const [first] = clients;
  if (first === undefined) return [];
  // Months are there for all, unless one client writes all.
  if (clients.length > 1) await inTransaction(first, () => makeMonths(first, at, own));
  const work = shares.values();
  const filled = await Promise.all(
    clients.map((client) =>
      inTransaction(client, async () => {
        await client.query("set local session_replication_role = replica");
        // Vacuum takes rows for seen by everybody only when their commit has been written.
        await client.query("set local synchronous_commit = on");
        await client.query("set local work_mem = '256MB'");
        if (clients.length === 1) await makeMonths(client, at, own);
        const done: Filled[] = [];
        for (const share of work) done.push(...(await fillShare(client, share, options)));
        return done;
      }),
    ),
  );
  for (const [table, column] of IDENTITIES)
    await first.query(
      `select setval(pg_get_serial_sequence('${table}', '${column}'), (select max(${column}) from ${table}))`,
    );
  const all = filled.flat();
  const tables = new Set(all.map(({ table }) => table)).values();
  await Promise.all(
    clients.map(async (client) => {
      for (const table of tables) await settle(client, table, options);
    }),
  );
  return all;
}

async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    const value = await work();
    await client.query("commit");
    return value;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

async function fillShare(
  client: ClientBase,
  share: readonly Fill[],
  { at, own, tell }: FillOptions,
): Promise<readonly Filled[]> {
  const filled: Filled[] = [];
  for (const { table, sql } of share) {
    const started = performance.now();
    const insert = (): Promise<QueryResult> => client.query(sql, sql.includes("$1") ? [at] : []);
    const first = !filled.some((before) => before.table === table);
    const { rowCount } = await (own && first ? filledFirst(client, table, insert) : insert());
    const done = { table, rows: rowCount ?? 0, seconds: (performance.now() - started) / 1_000 };
    filled.push(done);
    tell?.(`${table}: ${done.rows} rows, ${done.seconds.toFixed(1)} s`);
  }
  return filled;
}

/** Times that a table is vacuumed at most. */
const VACUUMS = 100;

/**
 * Brings a table to where autovacuum would have: statistics for the planner, and all rows known to be visible, which
 * index-only scans rely on. Whoever still looks at the time before the rows were there holds that up, such as a session
 * that is just starting.
 */
async function settle(client: ClientBase, table: string, { tell }: FillOptions): Promise<void> {
  const started = performance.now();
  for (let n = 1; n <= VACUUMS; n += 1) {
    await client.query(`vacuum (analyze, index_cleanup on) ${table}`);
    const { rows } = await client.query<{ hidden: number }>(
      `select coalesce(sum(relpages - relallvisible), 0)::int as hidden from pg_class
       where relkind = 'r' and (oid = $1::regclass or oid in (select inhrelid from pg_inherits where inhparent = $1::regclass))`,
      [table],
    );
    if (rows[0]?.hidden === 0) break;
    await client.query("select pg_sleep(0.05)");
  }
  tell?.(`${table}: settled, ${((performance.now() - started) / 1_000).toFixed(1)} s`);
}

/** Columns whose numbers were given by hand. */
const IDENTITIES = [
  ["banking.entries", "id"],
  ["events.event", "position"],
] as const;

/** Tables by month that more is made up for than what lies ahead, with their schemas. */
const BY_MONTH = [
  ["consent", "audit_leaf"],
  ["banking", "postings"],
] as const;

async function makeMonths(client: ClientBase, at: Date, own: boolean): Promise<void> {
  await months(client, at);
  if (own) await logMonths(client, at);
}

/** The months of the year that ends at a time; of a table that has older rows, those stay where they are. */
async function months(client: ClientBase, at: Date): Promise<void> {
  const first = new Date(Date.UTC(at.getUTCFullYear() - 1, at.getUTCMonth()));
  for (const [schema, table] of BY_MONTH) {
    await client.query(`set local role ${schema}_owner`);
    await client.query(`select ${schema}.partition_by_month($1, $2)`, [table, first]);
    await client.query("reset role");
  }
}

/** A partition of the log for each month of the year that ends at a time. */
async function logMonths(client: ClientBase, at: Date): Promise<void> {
  for (let back = 12; back >= 0; back -= 1) {
    const month = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - back));
    await client.query("select audit.ensure_month($1)", [month]);
  }
}
