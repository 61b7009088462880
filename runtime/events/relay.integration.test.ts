import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { asSuperuser } from "../database/bootstrap.ts";
import { asRole, startStackDatabase, type StackDatabase } from "../database/testing/stack-database.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import { BATCH, relayOnce } from "./relay.ts";
import { FORGOTTEN_AT_ONCE, forgetOnce } from "./retention.ts";
import { CLIENT, NOON, write } from "./testing/outbox.ts";

const log = createLog("events", { level: "silent" });
let stack: StackDatabase;
let database: Database;
let consent: Database;
beforeAll(async () => {
  stack = await startStackDatabase();
  const open = async (user: string, poolSize: number): Promise<Database> =>
    createDatabase({
      config: { ...stack.database, poolSize },
      user,
      identity: await stack.identity(user),
      log,
    });
  database = await open("events", 4);
  consent = await open("consent", 8);
});
afterAll(async () => {
  await Promise.all([database?.close(), consent?.close()]);
  await stack?.stop();
});
afterEach(() =>
  asSuperuser(stack.agent.socket, "wekeza", (client) =>
    client.query(
      "truncate consent.outbox, events.event, events.notification, events.delivery, events.stream_position, events.webhook_notification",
    ),
  ),
);

const logged = async () =>
  (
    await database.query<{ id: string; subject: string; payload: { n: number } }>(
      "select id, subject, payload from event order by position",
    )
  ).rows;

test("an event leaves the outbox as it enters the log, with the news it is", async () => {
  await write(consent, [{ type: "consent.withdrawn" }, { type: "consent.requested", subject: "aac-2" }]);
  expect(await relayOnce(database, "consent", "ke")).toBe(2);
  expect(await relayOnce(database, "consent", "ke")).toBe(0);
  expect((await logged()).map(({ subject }) => subject)).toEqual(["aac-1", "aac-2"]);
  const { rows } = await database.query("select client, subject, type, at, done_at from notification");
  expect(rows).toEqual([
    {
      client: CLIENT,
      subject: "aac-1",
      type: "urn:uk:org:openbanking:events:consent-authorization-revoked",
      at: NOON,
      done_at: null,
    },
  ]);
});

test("a failure between outbox and log leaves both as they were", async () => {
  await write(consent, [{}]);
  const half: Database = {
    ...database,
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          query: (text, values) =>
            text.startsWith("insert into event")
              ? Promise.reject(new Error("killed"))
              : tx.query(text, values),
        }),
      ),
  };
  await expect(relayOnce(half, "consent", "ke")).rejects.toThrow("killed");
  expect(await logged()).toEqual([]);
  expect(await relayOnce(database, "consent", "ke")).toBe(1);
});

test("a full batch says that there may be more", async () => {
  await write(
    consent,
    Array.from({ length: BATCH + 1 }, (_, n) => ({ payload: { client: CLIENT, n } })),
  );
  expect(await relayOnce(database, "consent", "ke")).toBe(BATCH);
  expect(await relayOnce(database, "consent", "ke")).toBe(1);
  const numbers = (await logged()).map(({ payload }) => payload.n);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

describe("with writers at work and relays that are killed", () => {
  const SUBJECTS = 5;
  const WRITERS = 8;
  const EACH = 40;

  /** One change: locks its subject as services do, takes the subject's next number, and now and then thinks better of it. */
  const change = async (writer: number, turn: number): Promise<void> => {
    const subject = `s-${(writer + turn) % SUBJECTS}`;
    const work = consent.transaction(async (tx) => {
      await tx.query("select pg_advisory_xact_lock(hashtext($1))", [subject]);
      // Other transactions get their numbers and commit in between.
      await tx.query("select pg_sleep(random() * 0.002)");
      const { rows } = await tx.query<{ n: string }>(
        `select (select count(*) from counted where subject = $1) as n`,
        [subject],
      );
      const n = Number(rows[0]?.n);
      await tx.query("insert into counted values ($1, $2)", [subject, n]);
      await tx.query(
        "insert into outbox (at, type, subject, payload) values ($1, 'consent.rejected', $2, $3)",
        [NOON, subject, { client: CLIENT, n }],
      );
      if ((writer + turn) % 7 === 0) throw new Error("rolled back");
    });
    await work.catch((error: Error) => {
      if (error.message !== "rolled back") throw error;
    });
  };

  test("nothing is lost or told twice, and each subject keeps its order", async () => {
    await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
      await client.query("create table consent.counted (subject text, n integer)");
      await client.query("grant select, insert on consent.counted to consent");
    });
    let writing = true;
    let killed = 0;
    const relay = async (): Promise<void> => {
      for (let moved = 0; writing || moved > 0;) {
        moved = await relayOnce(database, "consent", "ke").catch(() => 1);
      }
    };
    const killer = async (): Promise<void> => {
      while (writing) {
        await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
          const { rowCount } = await client.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'events' and state <> 'idle' limit 1",
          );
          killed += rowCount ?? 0;
        });
      }
    };
    const running = [relay(), relay(), killer()];
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let turn = 0; turn < EACH; turn += 1) await change(writer, turn);
      }),
    );
    writing = false;
    await Promise.all(running);
    while ((await relayOnce(database, "consent", "ke")) > 0);

    const { rows: counted } = await consent.query<{ subject: string; n: number }>(
      "select subject, n from counted order by subject, n",
    );
    const bySubject = Map.groupBy(await logged(), ({ subject }) => subject);
    const order = [...bySubject].toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(order.flatMap(([subject, of]) => of.map(({ payload }) => ({ subject, n: payload.n })))).toEqual(
      counted,
    );
    expect(counted.length).toBeGreaterThan(WRITERS * EACH * 0.8);
    expect(killed).toBeGreaterThan(0);
  });
});

test("the role of the relay can empty the outbox and do nothing else to it", async () => {
  await asRole(stack, "events", async (query) => {
    await expect(
      query("insert into consent.outbox (at, type, subject, payload) values (now(), 'x', 'x', '{}')"),
    ).rejects.toThrow(/permission denied/);
    await expect(query("update consent.outbox set subject = 'x'")).rejects.toThrow(/permission denied/);
    await expect(query("select * from consent.consents")).rejects.toThrow(/permission denied/);
    await expect(query("update event set type = 'x'")).rejects.toThrow(/permission denied/);
    await expect(query("delete from event")).rejects.toThrow(/permission denied/);
  });
});

describe("what happened more than ninety days ago", () => {
  const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);
  const subjects = async () => (await logged()).map(({ subject }) => subject);
  const happened = async (...events: readonly { readonly subject: string; readonly days: number }[]) => {
    await write(
      consent,
      events.map(({ subject, days }) => ({ subject, at: daysAgo(days) })),
    );
    await relayOnce(database, "consent", "ke");
  };

  test("is forgotten with the news of it, taken or not, and with the pushes", async () => {
    await happened(
      { subject: "old", days: 91 },
      { subject: "older", days: 400 },
      { subject: "new", days: 89 },
    );
    await database.query("update notification set done_at = now(), done_by = 'poll' where subject = 'old'");
    const pushed = `insert into delivery (jti, client, at, url, attempt, outcome, duration_ms)
      select jti, client, at, 'https://partner.test/', 1, 'Accepted', 1 from notification order by position`;
    await database.query(pushed);
    expect(await forgetOnce(database, undefined)).toEqual({ events: 2, untaken: 1, pushes: 2 });
    expect(await subjects()).toEqual(["new"]);
    const { rows } = await database.query(
      "select (select count(*)::int from notification) as news, (select count(*)::int from delivery) as pushes",
    );
    expect(rows).toEqual([{ news: 1, pushes: 1 }]);
    expect(await forgetOnce(database, undefined)).toEqual({ events: 0, untaken: 0, pushes: 0 });
  });

  test("is kept until the stream has it", async () => {
    await happened({ subject: "first", days: 200 }, { subject: "second", days: 199 });
    expect(await forgetOnce(database, "kafka")).toMatchObject({ events: 0 });
    await database.query(
      "insert into stream_position select 'kafka', min(position) from event where subject = 'first'",
    );
    expect(await forgetOnce(database, "kafka")).toMatchObject({ events: 1 });
    expect(await subjects()).toEqual(["second"]);
  });

  test("is kept while it is being pushed, and no longer than a push can last", async () => {
    await happened({ subject: "begun", days: 91 }, { subject: "other", days: 91 });
    const begun = (days: number) =>
      database.query("update notification set first_push_at = $1 where subject = 'begun'", [daysAgo(days)]);
    await begun(2);
    expect(await forgetOnce(database, undefined)).toMatchObject({ events: 1 });
    expect(await subjects()).toEqual(["begun"]);
    await begun(5);
    expect(await forgetOnce(database, undefined)).toMatchObject({ events: 1, untaken: 1 });
  });

  test("goes in batches, the oldest first", async () => {
    const many = Array.from({ length: FORGOTTEN_AT_ONCE + 1 }, (_none, n) => ({
      subject: `s-${n}`,
      days: 300,
    }));
    await happened(...many);
    expect(await forgetOnce(database, undefined)).toMatchObject({ events: FORGOTTEN_AT_ONCE });
    expect(await subjects()).toEqual([`s-${FORGOTTEN_AT_ONCE}`]);
    expect(await forgetOnce(database, undefined)).toMatchObject({ events: 1 });
  });

  test("can be deleted in no other way", async () => {
    for (const table of ["event", "delivery"])
      await expect(database.query(`delete from ${table}`)).rejects.toThrow("permission denied");
  });
});
