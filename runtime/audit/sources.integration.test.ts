import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser } from "../database/bootstrap.ts";
import { LOGIN_ROLES } from "../database/roles.ts";
import { asRole } from "../database/testing/stack-database.ts";
import { writeAuditLeaf } from "../service/audit-leaf.ts";
import { dropSequenced } from "../service/months.ts";
import { startLog, type TestLog } from "./testing/audit-log.ts";

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
  await asSuperuser(log.stack.agent.socket, "wekeza", async (client) => {
    await client.query("set role consent_owner");
    await client.query("select consent.partition_by_month('audit_leaf', now() - interval '6 months')");
  });
});
afterAll(() => log.stop());

/** Middle of a month, counted from the present one. */
function month(ago: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 15));
}
const write = (ago: number): Promise<void> =>
  log.consent.transaction((tx) =>
    writeAuditLeaf(tx, { at: month(ago), subject: `aac-${ago}`, value: { ago } }),
  );
const subjectsIn = async (table: string): Promise<readonly unknown[]> =>
  (
    await asSuperuser(log.stack.agent.socket, "wekeza", (client) =>
      client.query<{ subject: string }>(`select subject from ${table} order by at`),
    )
  ).rows.map(({ subject }) => subject);

test("a month of a service's leaves is dropped when the log has all of them, and never before", async () => {
  for (const ago of [5, 4, 1, 0]) await write(ago);
  expect(await dropSequenced(log.consent)).toBe(0);
  await log.sequenceAll();
  // One more, which a clock that was wrong has put into a month that was over.
  await write(4);
  // Months that nothing was written in go as well: those six, three and two months ago.
  expect(await dropSequenced(log.consent)).toBe(4);
  expect(await subjectsIn("consent.audit_leaf")).toEqual(["aac-4", "aac-4", "aac-1", "aac-0"]);
  await log.sequenceAll();
  expect(await dropSequenced(log.consent)).toBe(1);
  expect(await subjectsIn("consent.audit_leaf")).toEqual(["aac-1", "aac-0"]);
  expect(await subjectsIn("audit.leaf")).toEqual(["aac-5", "aac-4", "aac-4", "aac-1", "aac-0"]);
  // What comes into a month that is gone is taken in, and sequenced.
  await write(4);
  await log.sequenceAll();
  expect(await subjectsIn("audit.leaf")).toHaveLength(6);
});

test("what is still being written keeps its month", async () => {
  await asSuperuser(log.stack.agent.socket, "wekeza", async (client) => {
    await client.query("set role consent_owner");
    await client.query("select consent.add_month('audit_leaf', now() - interval '3 months')");
    await client.query("begin");
    await client.query(
      "insert into consent.audit_leaf (at, subject, leaf, hash) values ($1, 'slow', '{}', '')",
      [month(3)],
    );
    expect(await dropSequenced(log.consent)).toBe(0);
    await client.query("rollback");
  });
});

test("a month that another replica drops meanwhile is no error", async () => {
  await write(0);
  await log.sequenceAll();
  await asSuperuser(log.stack.agent.socket, "wekeza", async (client) => {
    await client.query("set role consent_owner");
    await client.query("select consent.add_month('audit_leaf', now() - interval '3 months')");
    await client.query("begin");
    expect((await client.query("select consent.drop_sequenced() as months")).rows).not.toEqual([
      { months: 0 },
    ]);
    let answered = false;
    const meanwhile = dropSequenced(log.consent).finally(() => (answered = true));
    // Until it waits for the month, or has given up.
    while (!answered && (await client.query("select from pg_locks where not granted")).rowCount === 0);
    await client.query("commit");
    expect(await meanwhile).toBe(0);
  });
});

test.each(LOGIN_ROLES.filter((role) => role !== "consent"))(
  "%s drops no leaves of consents",
  async (role) => {
    await asRole(log.stack, role, async (query) => {
      await expect(query("select consent.drop_sequenced()")).rejects.toThrow("permission denied");
    });
  },
);

test.each(LOGIN_ROLES.filter((role) => role !== "audit"))(
  "%s does not ask the log what it has but through its own",
  async (role) => {
    await asRole(log.stack, role, async (query) => {
      await expect(query("select audit.taken_of('consent')")).rejects.toThrow("permission denied");
    });
  },
);
