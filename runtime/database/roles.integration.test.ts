import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { login } from "./login.ts";
import { LOGINS, type LoginRole } from "./roles.ts";
import { testAuthority } from "../service/testing/authority.ts";
import { identityOf, issue } from "./testing/renewable-identity.ts";
import { asRole, startStackDatabase, TEST_NAMESPACE, type StackDatabase } from "./testing/stack-database.ts";

let stack: StackDatabase;
beforeAll(async () => {
  stack = await startStackDatabase();
  await asRole(stack, "migrator", async (query) => {
    for (const schema of ["oauth", "consent", "banking"]) {
      await query(`set role ${schema}_owner`);
      await query(`create table ${schema}.things (id integer primary key)`);
      await query(`create function ${schema}.answer() returns integer language sql as 'select 42'`);
      await query("reset role");
    }
  });
});
afterAll(() => stack.stop());

test("SEC-43: what a service does wrong stands in its own log, not in that of the server, which would quote values", async () => {
  for (const role of ["consent", "seed", "migrator"] as const)
    expect(await asRole(stack, role, (query) => query("show log_min_messages"))).toEqual([
      { log_min_messages: "log" },
    ]);
  const quiet =
    "select rolname from pg_db_role_setting join pg_roles r on r.oid = setrole where 'log_min_messages=log' = any (setconfig)";
  const roles = await asRole(stack, "migrator", (query) => query(quiet));
  expect(new Set(roles.map((row) => row["rolname"]))).toEqual(new Set(LOGINS.map(({ role }) => role)));
});

const MAY: readonly { readonly role: LoginRole; readonly sql: string }[] = [
  { role: "consent", sql: "insert into consent.things values (1)" },
  { role: "consent", sql: "update consent.things set id = 2 where id = 1" },
  { role: "consent", sql: "select * from consent.things" },
  { role: "consent", sql: "delete from consent.things" },
  { role: "consent", sql: "select consent.answer()" },
  { role: "consent", sql: "select * from things" },
  { role: "oauth", sql: "insert into oauth.things values (1)" },
  { role: "banking", sql: "insert into banking.things values (1)" },
  { role: "seed", sql: "insert into banking.things values (2)" },
  {
    role: "migrator",
    sql: "do $$ begin set local role consent_owner; create table consent.more (id integer); end $$",
  },
];

const MAY_NOT: readonly { readonly role: LoginRole; readonly sql: string }[] = [
  { role: "consent", sql: "select * from oauth.things" },
  { role: "consent", sql: "insert into banking.things values (9)" },
  { role: "consent", sql: "select banking.answer()" },
  { role: "consent", sql: "create table consent.own (id integer)" },
  { role: "consent", sql: "drop table consent.things" },
  { role: "consent", sql: "truncate consent.things" },
  { role: "consent", sql: "alter table consent.things add column more integer" },
  { role: "consent", sql: "delete from consent.schema_migrations" },
  { role: "consent", sql: "set role consent_owner" },
  { role: "consent", sql: "create temporary table t (id integer)" },
  { role: "consent", sql: "create table public.t (id integer)" },
  { role: "consent", sql: "create role more" },
  { role: "consent", sql: "alter system set fsync = off" },
  { role: "consent", sql: "copy consent.things to '/tmp/things'" },
  { role: "consent", sql: "select pg_read_file('PG_VERSION')" },
  { role: "oauth", sql: "select * from consent.things" },
  { role: "banking", sql: "select * from oauth.things" },
  { role: "seed", sql: "select * from consent.things" },
  { role: "seed", sql: "create table banking.own (id integer)" },
  { role: "migrator", sql: "select * from consent.things" },
  { role: "migrator", sql: "set role postgres" },
  { role: "migrator", sql: "set role consent" },
];

describe("over client-certificate TLS", () => {
  test.each(MAY)("$role may: $sql", async ({ role, sql }) => {
    await expect(asRole(stack, role, (query) => query(sql))).resolves.toBeDefined();
  });

  test.each(MAY_NOT)("$role may not: $sql", async ({ role, sql }) => {
    await expect(asRole(stack, role, (query) => query(sql))).rejects.toThrow(/permission denied|must be/);
  });
});

describe("nobody gets in", () => {
  const cases = [
    { why: "as another role than its certificate names", name: `consent.${TEST_NAMESPACE}`, role: "oauth" },
    { why: "with a certificate of another namespace", name: "consent.stack-other", role: "consent" },
    { why: "as superuser", name: `postgres.${TEST_NAMESPACE}`, role: "postgres" },
    { why: "as an owner", name: `consent_owner.${TEST_NAMESPACE}`, role: "consent_owner" },
  ] as const;
  test.each(cases)("$why", async ({ name, role }) => {
    const identity = identityOf(await issue(stack.authority, name));
    const { database } = stack;
    await expect(login({ database, role: role as LoginRole, identity })).rejects.toThrow(
      /certificate authentication failed|no pg_hba.conf entry/,
    );
  });

  test("with a certificate of another authority", async () => {
    const foreign = await issue(await testAuthority("another CA"), `consent.${TEST_NAMESPACE}`);
    const identity = identityOf({ ...foreign, ca: stack.authority.ca });
    await expect(login({ database: stack.database, role: "consent", identity })).rejects.toThrow(
      /unknown ca|certificate|closed|reset|terminated/i,
    );
  });

  test("into another database", async () => {
    const database = { ...stack.database, name: "postgres" };
    const identity = await stack.identity("consent");
    await expect(login({ database, role: "consent", identity })).rejects.toThrow(/no pg_hba.conf entry/);
  });
});
