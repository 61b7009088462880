import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { asSuperuser } from "./bootstrap.ts";
import { LOGIN_ROLES } from "./roles.ts";
import { asRole, startStackDatabase, type StackDatabase } from "./testing/stack-database.ts";

let stack: StackDatabase;
beforeAll(async () => {
  stack = await startStackDatabase();
});
afterAll(() => stack.stop());

/** Runs statements one after the other as the owner of a schema. */
const asOwner = (schema: string, ...statements: readonly string[]): Promise<void> =>
  asRole(stack, "migrator", async (query) => {
    await query(`set role ${schema}_owner`);
    await query(`set search_path = ${schema}`);
    for (const sql of statements) await query(sql);
  });
const as = (role: (typeof LOGIN_ROLES)[number], sql: string) => asRole(stack, role, (query) => query(sql));

/** A partition's name, of a month counted from the present one. */
function monthOf(table: string, ahead: number): string {
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead));
  return `${table}_${month.toISOString().slice(0, 7).replace("-", "_")}`;
}
const whereNotesAre = () => as("oauth", "select tableoid::regclass::text as month, id from note order by id");

beforeEach(() =>
  asOwner(
    "oauth",
    "create table note (id bigint generated always as identity, at timestamptz not null, primary key (id, at)) partition by range (at)",
    "select partition_by_month('note', now() - interval '1 month')",
  ),
);
afterEach(() => asOwner("oauth", "drop table note"));

test("a row goes to its month, and what is too old or too far ahead is taken in all the same", async () => {
  for (const at of ["now() - interval '40 years'", "now()", "now() + interval '40 years'"])
    await as("oauth", `insert into note (at) values (${at})`);
  expect(await whereNotesAre()).toEqual([
    { month: "note_before", id: "1" },
    { month: monthOf("note", 0), id: "2" },
    { month: "note_beyond", id: "3" },
  ]);
});

test("months are made ahead, and rows that had none by then move into theirs", async () => {
  const [present, last] = [monthOf("note", 0), monthOf("note", 3)];
  await asOwner("oauth", `drop table ${present}`, `drop table ${last}`);
  await as("oauth", "insert into note (at) values (now())");
  expect(await whereNotesAre()).toEqual([{ month: "note_beyond", id: "1" }]);
  expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: 3 }]);
  await as("oauth", "insert into note (at) values (now())");
  expect(await whereNotesAre()).toEqual([
    { month: present, id: "1" },
    { month: present, id: "2" },
  ]);
  const [{ there } = {}] = await as("oauth", `select to_regclass('${last}') is not null as there`);
  expect(there).toBe(true);
});

test("a month that was over before it was made is made for what was written in it, unless much was", async () => {
  const [older, old] = [monthOf("note", -3), monthOf("note", -2)];
  await asOwner("oauth", "drop table note_before");
  const written = (rows: number, months: number) =>
    as(
      "oauth",
      `insert into note (at) select date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'
      - interval '${months} months' + interval '1 day' from generate_series(1, ${rows})`,
    );
  const where = () =>
    as(
      "oauth",
      "select tableoid::regclass::text as month, count(*)::int as rows from note group by 1 order by 1",
    );
  await written(10_001, 3);
  expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: -1 }]);
  expect(await where()).toEqual([{ month: "note_beyond", rows: 10_001 }]);
  await asOwner("oauth", "delete from note");
  await written(9_000, 3);
  await written(1_000, 2);
  expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: 3 }]);
  expect(await where()).toEqual([
    { month: older, rows: 9_000 },
    { month: old, rows: 1_000 },
  ]);
});

test("a table that is busy keeps its writers, and is asked again another time", async () => {
  await asOwner("oauth", `drop table ${monthOf("note", 2)}`);
  await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
    await client.query("begin");
    await client.query("insert into oauth.note (at) values (now() + interval '40 years')");
    expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: 1 }]);
    await client.query("commit");
  });
  expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: 3 }]);
});

test("several at once make each month once", async () => {
  await asOwner("oauth", `drop table ${monthOf("note", 1)}`, `drop table ${monthOf("note", 2)}`);
  await Promise.all(Array.from({ length: 4 }, () => as("oauth", "select keep_months()")));
  expect(await as("oauth", "select keep_months() as ahead")).toEqual([{ ahead: 3 }]);
});

test("guards of a table hold for its months, those that come later too", async () => {
  await asOwner(
    "oauth",
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'notes stay'; end $$`,
    "create trigger stay before update or delete or truncate on note execute function refuse()",
    `drop table ${monthOf("note", 3)}`,
    "select keep_months()",
  );
  await expect(asOwner("oauth", `truncate ${monthOf("note", 3)}`)).rejects.toThrow("notes stay");
  await asOwner(
    "oauth",
    "drop trigger stay on note",
    `drop table ${monthOf("note", 3)}`,
    "drop function refuse",
  );
});

test.each([...LOGIN_ROLES])(
  "%s has no rights on a month by itself, and makes or drops none",
  async (role) => {
    const partitions = [
      `consent.${monthOf("audit_leaf", 0)}`,
      "consent.audit_leaf_beyond",
      `banking.${monthOf("audit_leaf", 0)}`,
      `banking.${monthOf("postings", 0)}`,
      "banking.postings_before",
    ];
    await asRole(stack, role, async (query) => {
      for (const partition of partitions)
        for (const sql of [
          `select from ${partition}`,
          `insert into ${partition} default values`,
          `delete from ${partition}`,
          `truncate ${partition}`,
          `drop table ${partition}`,
        ])
          await expect(query(sql)).rejects.toThrow(/permission denied|must be owner/);
      for (const sql of [
        "select consent.add_month('audit_leaf', now() + interval '1 year')",
        "select banking.partition_by_month('postings', now())",
        "select banking.add_partition('postings', 'mine', 'default', now(), now())",
      ])
        await expect(query(sql)).rejects.toThrow("permission denied");
    });
  },
);
