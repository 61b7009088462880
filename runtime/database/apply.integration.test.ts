import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { applyMigrations } from "./apply.ts";
import { login } from "./login.ts";
import type { Migration } from "./migrations.ts";
import { asRole, startStackDatabase, type StackDatabase } from "./testing/stack-database.ts";

let stack: StackDatabase;
beforeAll(async () => {
  stack = await startStackDatabase();
});
afterAll(() => stack.stop());
beforeEach(async () => {
  await asRole(stack, "migrator", async (query) => {
    await query("set role oauth_owner");
    await query("drop table if exists oauth.schema_migrations, oauth.steps");
  });
});

function migration(number: number, sql: string): Migration {
  return { number, name: `000${number}-step.sql`, sql, checksum: sql };
}
const FIRST = migration(1, "create table steps (number integer)");
const SECOND = migration(2, "insert into steps values (2)");

async function migrate(files: readonly Migration[]): Promise<readonly string[]> {
  const client = await login({
    database: stack.database,
    role: "migrator",
    identity: await stack.identity("migrator"),
  });
  try {
    return await applyMigrations(client, "oauth", files);
  } finally {
    await client.end();
  }
}

test("migrations are applied once, in order, as the schema's owner", async () => {
  await expect(migrate([FIRST, SECOND])).resolves.toEqual(["0001-step.sql", "0002-step.sql"]);
  await expect(migrate([FIRST, SECOND])).resolves.toEqual([]);
  const owner = await asRole(stack, "oauth", (query) =>
    query("select tableowner from pg_tables where tablename = 'steps'"),
  );
  expect(owner).toEqual([{ tableowner: "oauth_owner" }]);
});

test("Jobs that run at one time apply each migration once", async () => {
  const done = await Promise.all(Array.from({ length: 4 }, () => migrate([FIRST, SECOND])));
  expect(done.flat().toSorted()).toEqual(["0001-step.sql", "0002-step.sql"]);
  await expect(asRole(stack, "oauth", (query) => query("select * from steps"))).resolves.toHaveLength(1);
});

test("a migration that fails leaves nothing of itself and keeps those before it", async () => {
  const broken = migration(2, "insert into steps values (2); insert into nowhere values (1)");
  await expect(migrate([FIRST, broken])).rejects.toThrow(
    '0002-step.sql failed: relation "nowhere" does not exist',
  );
  await expect(asRole(stack, "oauth", (query) => query("select * from steps"))).resolves.toEqual([]);
  await expect(migrate([FIRST, SECOND])).resolves.toEqual(["0002-step.sql"]);
});

test("a migration edited after it was applied stops everything", async () => {
  await migrate([FIRST]);
  await expect(migrate([{ ...FIRST, checksum: "edited" }, SECOND])).rejects.toThrow(
    "was edited after it was applied",
  );
  await expect(asRole(stack, "oauth", (query) => query("select * from steps"))).resolves.toEqual([]);
});
