import type { ClientBase } from "pg";
import { pendingMigrations, type AppliedMigration, type Migration } from "./migrations.ts";
import { monthFunctions } from "./months.ts";
import { ownerOf, writersOf, type SchemaName } from "./roles.ts";

/** Key of the advisory lock that lets one migration run at a time; the number means nothing. */
const LOCK = 7_203_118;

/**
 * Brings one schema up to its files, each in a transaction of its own, as the schema's owner.
 *
 * Safe to run from several Jobs at once: they queue, and the later ones find nothing to do.
 *
 * @param client logged in as `migrator`, used by nobody else meanwhile.
 * @returns names of the files applied now.
 * @throws MigrationRefused as {@link pendingMigrations}; a database error leaves the schema as it was before that file.
 */
export async function applyMigrations(
  client: ClientBase,
  schema: SchemaName,
  files: readonly Migration[],
): Promise<readonly string[]> {
  await client.query("select pg_advisory_lock($1)", [LOCK]);
  try {
    await client.query(`set role ${ownerOf(schema)}`);
    await client.query(`set search_path = ${schema}`);
    await client.query(`create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
    await client.query(`revoke insert, update, delete on schema_migrations from ${writersOf(schema)}`);
    await client.query(monthFunctions(schema));
    const { rows } = await client.query<AppliedMigration>(
      "select number, name, checksum from schema_migrations",
    );
    const pending = pendingMigrations(schema, files, rows);
    for (const migration of pending) await applyOne(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    await client.query("reset role");
    await client.query("reset search_path");
    await client.query("select pg_advisory_unlock($1)", [LOCK]);
  }
}

async function applyOne(client: ClientBase, { number, name, sql, checksum }: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(sql);
    await client.query("insert into schema_migrations (number, name, checksum) values ($1, $2, $3)", [
      number,
      name,
      checksum,
    ]);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback");
    throw new Error(`${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
