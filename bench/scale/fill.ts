import type { ClientBase } from "pg";
import { auditRows } from "./rows/audit.ts";
import { bankingRows } from "./rows/banking.ts";
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
  /** Whether the audit log is made up too; it must be empty, and is never true again. */
  readonly log: boolean;
}

/** Settings of a server that is filled at once and thrown away: nothing of it has to outlive a crash. */
export const FILLING = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "8GB",
  shared_buffers: "256MB",
  autovacuum: "off",
} as const;

/**
 * Fills the stores of every service, one statement for a table, in one transaction.
 *
 * Triggers and foreign keys stay out of it, so every row is made to hold what they would have seen to: entries balance,
 * balances are sums, everything refers to something.
 *
 * @param client a superuser.
 */
export async function fill(client: ClientBase, { size, at, log }: FillOptions): Promise<readonly Filled[]> {
  const fills: readonly Fill[] = [
    ...bankingRows(size),
    ...consentRows(size),
    ...eventsRows(size),
    ...oauthRows(size),
    ...(log ? auditRows(size) : []),
  ];
  const filled: Filled[] = [];
  await client.query("begin");
  try {
    await client.query("set local session_replication_role = replica");
    // Vacuum takes rows for seen by everybody only when their commit has been written.
    await client.query("set local synchronous_commit = on");
    await client.query("set local work_mem = '64MB'");
    await months(client, at);
    if (log) await logMonths(client, at);
    for (const { table, sql } of fills) {
      const started = performance.now();
      const { rowCount } = await client.query(sql, sql.includes("$1") ? [at] : []);
      filled.push({ table, rows: rowCount ?? 0, seconds: (performance.now() - started) / 1_000 });
    }
    for (const [table, column] of IDENTITIES)
      await client.query(
        `select setval(pg_get_serial_sequence('${table}', '${column}'), (select max(${column}) from ${table}))`,
      );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
  for (const { table } of filled) await settle(client, table);
  return filled;
}

/** Times that a table is vacuumed at most. */
const VACUUMS = 100;

/**
 * Brings a table to where autovacuum would have: statistics for the planner, and all rows known to be visible, which
 * index-only scans rely on. Whoever still looks at the time before the rows were there holds that up, such as a session
 * that is just starting.
 */
async function settle(client: ClientBase, table: string): Promise<void> {
  for (let n = 1; n <= VACUUMS; n += 1) {
    await client.query(`vacuum (analyze, index_cleanup on) ${table}`);
    const { rows } = await client.query<{ hidden: number }>(
      `select coalesce(sum(relpages - relallvisible), 0)::int as hidden from pg_class
       where relkind = 'r' and (oid = $1::regclass or oid in (select inhrelid from pg_inherits where inhparent = $1::regclass))`,
      [table],
    );
    if (rows[0]?.hidden === 0) return;
    await client.query("select pg_sleep(0.05)");
  }
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
