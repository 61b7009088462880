import pg from "pg";
import type { DatabaseConfig } from "./config.ts";
import type { ServiceIdentity } from "./identity.ts";
import type { Log } from "./logger.ts";

/** What a query came to. */
export interface QueryResult<Row> {
  readonly rows: readonly Row[];
  /** Rows read or changed. */
  readonly count: number;
}

/** Something queries can be sent to: the pool, or one transaction. */
export interface Queries {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
}

/** A service's database. */
export interface Database extends Queries {
  /**
   * Runs `work` in one transaction: commits what it did, or nothing when it throws.
   *
   * Run again, at most three times, when the database asks for it (serialization failure, deadlock): `work` must have
   * no effect outside the transaction.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>, options?: TransactionOptions): Promise<T>;
  close(): Promise<void>;
}

export interface TransactionOptions {
  /** Default `read committed`. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
}

/** How a service reaches its database. */
export interface DatabaseOptions {
  readonly config: DatabaseConfig;
  /** Login role, and name of the schema its queries mean: the service's name. */
  readonly user: string;
  /** Schema, when it is not named as the role. */
  readonly schema?: string;
  /** Absent: no TLS, for tests over loopback. */
  readonly identity?: ServiceIdentity;
  readonly log: Log;
  /** Longest a statement may run, in ms. Default 5 s. */
  readonly statementMs?: number;
  /** The only partner whose rows there are, for the roles of `partner-database.ts`. */
  readonly partner?: string;
  /** How long an unused connection is kept, in ms. Default 30 s. */
  readonly idleMs?: number;
  /** How long one is waited for, in ms. Default 3 s. */
  readonly connectMs?: number;
  /** How long one is used at most, in seconds. Default an hour. */
  readonly lifeSeconds?: number;
  /** How long an answer is waited for, in ms, from a server that may be gone without a word. Default for ever. */
  readonly answerMs?: number;
}

/** SQLSTATE 40001 serialization_failure, 40P01 deadlock_detected: the same again may succeed. */
const REPEATABLE = new Set(["40001", "40P01"]);
const ATTEMPTS = 3;

/** Connections to a server. */
export interface Connections {
  readonly pool: pg.Pool;
  readonly close: () => Promise<void>;
}

/**
 * A pool of connections, by client certificate. Connections are opened when first needed and replaced after an hour, so
 * that a renewed certificate comes into use.
 */
export function openConnections(options: DatabaseOptions): Connections {
  const { config, user, schema = user, identity, log, partner, statementMs = 5_000 } = options;
  const ssl = (): pg.PoolConfig["ssl"] =>
    identity === undefined ? false : { ...identity.current(), minVersion: "TLSv1.3" };
  const pool = new pg.Pool({
    host: config.host,
    port: config.port,
    database: config.name,
    user,
    max: config.poolSize,
    ssl: ssl(),
    options: `-c search_path=${schema}${partner === undefined ? "" : ` -c wekeza.partner=${partner}`}`,
    application_name: partner ?? user,
    connectionTimeoutMillis: options.connectMs ?? 3_000,
    idleTimeoutMillis: options.idleMs ?? 30_000,
    maxLifetimeSeconds: options.lifeSeconds ?? 3_600,
    statement_timeout: statementMs,
    ...(options.answerMs === undefined ? {} : { query_timeout: options.answerMs }),
    lock_timeout: Math.ceil(statementMs / 2),
    idle_in_transaction_session_timeout: 10_000,
  });
  pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  const unsubscribe = identity?.onChange(() => {
    // The pool hands these options to each new connection.
    pool.options.ssl = ssl();
  });
  return {
    pool,
    async close() {
      unsubscribe?.();
      await pool.end();
    },
  };
}

/** A service's database, over connections of its own. */
export function createDatabase(options: DatabaseOptions): Database {
  const { pool, close } = openConnections(options);
  const attempt = async <T>(work: (tx: Queries) => Promise<T>, isolation: string): Promise<T> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    // A connection that ends under a transaction says so with an event as well, which ends the process if nobody hears.
    const lost = (error: Error): void => void (broken = error);
    client.on("error", lost);
    try {
      await client.query(`begin isolation level ${isolation}`);
      const value = await work(queriesOf(client));
      await client.query("commit");
      return value;
    } catch (error) {
      try {
        await client.query("rollback");
      } catch (refused) {
        broken = refused as Error;
      }
      throw error;
    } finally {
      client.off("error", lost);
      client.release(broken);
    }
  };

  return {
    ...queriesOf(pool),
    async transaction(work, { isolation = "read committed" } = {}) {
      for (let n = 1; ; n += 1) {
        try {
          return await attempt(work, isolation);
        } catch (error) {
          if (n >= ATTEMPTS || !REPEATABLE.has(sqlStateOf(error) ?? "")) throw error;
        }
      }
    },
    close,
  };
}

/** The SQLSTATE of a database error, such as `23505` for a unique violation; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** What can be asked over a pool, or over one of its connections. */
export function queriesOf(source: pg.Pool | pg.PoolClient): Queries {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const { rows, rowCount } = await source.query(text, [...values]);
      return { rows: rows as Row[], count: rowCount ?? 0 };
    },
  };
}
