import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { Registry } from "prom-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "../../service/logger.ts";
import { eventsMetrics } from "../metrics.ts";
import { DELIVERIES_PATH, REPLAYS_PATH } from "../log-routes.ts";
import { SUBSCRIPTIONS_PATH } from "../subscription-routes.ts";
import { PRIVATE_HOST, startEvents, type TestEvents } from "../testing/events-service.ts";
import { CLIENT, OTHER_CLIENT } from "../testing/outbox.ts";
import { type Receiver, startReceiver } from "../testing/receiver.ts";
import { Dispatcher } from "./dispatcher.ts";
import { createPush } from "./push.ts";
import { createPushStore, SUBSCRIPTIONS, WEBHOOKS } from "./push-store.ts";
import {
  createWebhookStore,
  type Declaration,
  WITHDRAWN_AT_ONCE,
  type WebhookStore,
} from "./webhook-store.ts";

const MINUTE_MS = 60_000;
const UPDATED = "urn:uk:org:openbanking:events:resource-update";
const REVOKED = "urn:uk:org:openbanking:events:consent-authorization-revoked";
let world: TestEvents;
let store: WebhookStore;
let ledger: Receiver;
let monitor: Receiver;
let live: readonly string[];
let dispatchers: readonly Dispatcher[];

beforeAll(async () => {
  world = await startEvents();
  store = createWebhookStore(world.database);
  dispatchers = [SUBSCRIPTIONS, WEBHOOKS].map(
    (receivers) =>
      new Dispatcher({
        store: createPushStore(world.database, receivers),
        push: createPush({
          financialId: "test",
          privateHosts: [PRIVATE_HOST],
          trust: world.stack.authority.ca,
          deadlineMs: 30_000,
          clock: () => performance.now(),
        }),
        issuer: { issuer: "https://auth.test", apiHost: "api.test" },
        key: () => world.signing,
        live: () => live,
        clock: () => world.now(),
        random: () => 0.5,
        newId: () => randomUUID(),
        onResult: () => undefined,
        log: createLog("events", { level: "silent" }),
      }),
  );
});
afterAll(() => world?.stop());
beforeEach(async () => {
  await world.begin();
  [ledger, monitor] = await Promise.all([
    startReceiver(world.stack.authority),
    startReceiver(world.stack.authority),
  ]);
  live = [CLIENT, OTHER_CLIENT];
});
afterEach(() => Promise.all([ledger.stop(), monitor.stop()]));

/** Pushes everything that is due. */
async function pump(): Promise<void> {
  for (const dispatcher of dispatchers)
    while ((await dispatcher.begin(() => undefined)) > 0) await dispatcher.idle();
}
const pass = (minutes: number): Date => world.at(new Date(world.now().getTime() + minutes * MINUTE_MS));
const declare = (version: number, webhooks: Declaration["webhooks"], client = CLIENT): Promise<void> =>
  store.declare([{ client, version, webhooks }]);
/** What a statement walked through. */
interface Walked {
  readonly "Actual Rows": number;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
}
const both = () => [
  { name: "ledger", url: ledger.url },
  { name: "monitor", url: monitor.url },
];
const subjects = ({ received }: Receiver): readonly string[] =>
  received.map(({ claims }) => claims.sub.split("/").at(-1) ?? "");
/** What became of the pushes to an address, in their order. */
const outcomes = async (url: string): Promise<readonly string[]> => {
  const { rows } = await world.database.query<{ readonly outcome: string }>(
    "select outcome from delivery where url = $1 order by id",
    [url],
  );
  return rows.map(({ outcome }) => outcome);
};
const sweep = async (): Promise<void> => {
  while ((await store.withdraw(world.now())) === WITHDRAWN_AT_ONCE);
};

test("every webhook is told everything under one id, and a poll and the partner's own subscription as well", async () => {
  const own = await startReceiver(world.stack.authority);
  try {
    await declare(1, both());
    await world.asPartner("POST", SUBSCRIPTIONS_PATH, { Data: { Version: "4.0", CallbackUrl: own.url } });
    await world.happen({ subject: "aac-1" });
    expect(await world.notifications.waiting(CLIENT, 10)).toHaveLength(1);
    await pump();
    const ids = [ledger, monitor, own].map(({ received }) => received.map(({ claims }) => claims.jti));
    expect(ids[0]).toHaveLength(1);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    expect(await world.notifications.waiting(CLIENT, 10)).toEqual([]);
  } finally {
    await own.stop();
  }
});

test("what a poll acknowledged is sent to a webhook all the same, and what a webhook took can be polled", async () => {
  await declare(1, both());
  await world.happen({ subject: "aac-1" }, { subject: "aac-2" });
  const [first] = await world.notifications.waiting(CLIENT, 1);
  await world.notifications.settle(CLIENT, { acknowledged: [first?.jti ?? ""], errors: [] }, world.now());
  await pump();
  expect(subjects(ledger).toSorted()).toEqual(["aac-1", "aac-2"]);
  expect(await world.notifications.waiting(CLIENT, 10)).toHaveLength(1);
});

test("a webhook is sent the types it asks for, from its declaration on, and only its partner's", async () => {
  await world.happen({ subject: "aac-0" });
  await declare(1, [{ name: "ledger", url: ledger.url, events: [REVOKED] }]);
  await world.happen(
    { subject: "aac-1" },
    { subject: "aac-2", type: "consent.authorised" },
    { subject: "aac-3", payload: { client: OTHER_CLIENT } },
  );
  await pump();
  expect(subjects(ledger)).toEqual(["aac-1"]);
});

test("news is sent to webhooks though a relay wrote it that knows of none, as one of the former version does", async () => {
  await declare(1, [
    { name: "ledger", url: ledger.url, events: [REVOKED] },
    { name: "monitor", url: monitor.url },
  ]);
  await world.database.query(
    `with logged as (
       insert into event (id, source, at, type, subject, payload)
       select gen_random_uuid(), 'consent', $1, 'consent.withdrawn', 'aac-' || n, '{}' from generate_series(1, 3) n returning *
     )
     insert into notification (jti, position, client, subject, type, resource, at, next_push_at)
     select id, position, $2, subject, case subject when 'aac-2' then $4 else $3 end,
       jsonb_build_object('type', 'account-access-consent', 'id', subject, 'path', '/' || subject), at, at
     from logged order by position`,
    [world.now(), CLIENT, REVOKED, UPDATED],
  );
  await pump();
  expect([subjects(ledger).toSorted(), subjects(monitor).toSorted()]).toEqual([
    ["aac-1", "aac-3"],
    ["aac-1", "aac-2", "aac-3"],
  ]);
});

test("what is to be sent now is found without walking through what was given up or is put off", async () => {
  await declare(1, [{ name: "ledger", url: ledger.url }]);
  await world.database.query(
    `with logged as (
       insert into event (id, source, at, type, subject, payload)
       select gen_random_uuid(), 'consent', $1::timestamptz - interval '1 day', 'consent.withdrawn', 'aac-' || n, '{}'
       from generate_series(1, 4000) n returning *
     )
     insert into notification (jti, position, client, subject, type, resource, at, next_push_at)
     select id, position, $2, subject, $3, '{}', at, at from logged`,
    [world.now(), CLIENT, REVOKED],
  );
  await world.database.query(
    `update webhook_notification set given_up_at = case when position % 2 = 0 then at end,
       next_push_at = case when position % 2 = 0 then at else $1::timestamptz + interval '1 hour' end`,
    [world.now()],
  );
  await world.happen({ subject: "aac-0" });
  const due = "select * from due_at_webhook($1, $2, 8)";
  const asked = [`${CLIENT}/ledger`, world.now()];
  // Whoever comes by first marks in the index what the update has left there.
  await world.database.query(due, asked);
  const { rows } = await world.database.query<{
    readonly "QUERY PLAN": readonly [{ readonly Plan: Walked }];
  }>(`explain (analyze, buffers, format json) ${due}`, asked);
  const plan = rows[0]?.["QUERY PLAN"][0].Plan;
  expect(plan).toMatchObject({ "Actual Rows": 1 });
  // What the server reads to plan it is in there too.
  expect((plan?.["Shared Hit Blocks"] ?? 0) + (plan?.["Shared Read Blocks"] ?? 0)).toBeLessThan(500);
});

test("what waits behind news that was refused is put off with it, and goes on in its order when that is accepted", async () => {
  await declare(1, [{ name: "ledger", url: ledger.url }]);
  ledger.behave(() => 503);
  await world.happen({}, { at: pass(1) }, { at: pass(1) }, { subject: "aac-2" });
  await pump();
  expect(subjects(ledger).toSorted()).toEqual(["aac-1", "aac-2"]);
  const { rows } = await world.database.query<{ readonly at: Date; readonly of: number }>(
    "select next_push_at as at, count(*)::int as of from webhook_notification where subject = 'aac-1' group by 1",
  );
  expect(rows).toMatchObject([{ of: 3 }]);
  expect(rows[0]?.at.getTime()).toBeGreaterThan(world.now().getTime());
  expect(
    (await world.database.query("select * from due_at_webhook($1, $2, 8)", [`${CLIENT}/ledger`, world.now()]))
      .rows,
  ).toEqual([]);
  ledger.behave(() => 202);
  world.at(rows[0]?.at ?? world.now());
  await pump();
  const ids = ledger.received.flatMap(({ claims }) => (claims.sub.endsWith("aac-1") ? [claims.jti] : []));
  const logged = await world.database.query<{ readonly id: string }>(
    "select id from event where subject = 'aac-1' order by position",
  );
  const [first, ...rest] = logged.rows.map(({ id }) => id);
  expect(ids).toEqual([first, first, ...rest]);
});

test("what waits is counted as far as that is cheap, with the age of the oldest", async () => {
  const registry = new Registry();
  eventsMetrics(registry, world.database, () => world.now());
  const gauges = async (): Promise<readonly unknown[]> => {
    const all = await registry.getMetricsAsJSON();
    return ["wekeza_events_waiting", "wekeza_events_waiting_oldest_seconds"].map(
      (name) => all.find((each) => each.name === name)?.values[0]?.value,
    );
  };
  expect(await gauges()).toEqual([0, 0]);
  await declare(1, [{ name: "ledger", url: ledger.url }]);
  await world.happen({ subject: "aac-1", at: world.now() }, { subject: "aac-2", at: pass(1) });
  pass(1);
  expect(await gauges()).toEqual([4, 120]);
  const more = Array.from({ length: 120 }, (_none, n) => ({ subject: `more-${n}`, at: world.now() }));
  await world.happen(...more);
  expect(await gauges()).toEqual([200, 120]);
});

test("of each resource the news comes in its order, whatever is refused and whatever else happens meanwhile", async () => {
  const steps = fc.array(
    fc.record({
      subject: fc.constantFrom("aac-1", "aac-2", "aac-3"),
      refused: fc.boolean(),
      minutes: fc.nat(2),
    }),
    { minLength: 6, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (news) => {
      await world.begin();
      const from = ledger.received.length;
      await declare(1, [{ name: "ledger", url: ledger.url }]);
      const accepted: string[] = [];
      const answers = news.map(({ refused }) => refused);
      ledger.behave(({ claims }) => {
        if (answers.shift() === true) return 409;
        accepted.push(claims.jti);
        return 202;
      });
      for (const { subject, minutes } of news) {
        // Two at a time, so that there always is one behind another.
        await world.happen(
          { subject, at: world.now() },
          { subject, type: "consent.authorised", at: world.now() },
        );
        await pump();
        pass(minutes);
      }
      for (let n = 0; n < 3; n += 1) {
        pass(60);
        await pump();
      }
      const { rows } = await world.database.query<{ readonly id: string; readonly subject: string }>(
        "select id, subject from event order by position",
      );
      const sent = ledger.received.slice(from).map(({ claims }) => claims.jti);
      for (const subject of ["aac-1", "aac-2", "aac-3"]) {
        const ids = rows.flatMap((row) => (row.subject === subject ? [row.id] : []));
        expect(accepted.filter((id) => ids.includes(id))).toEqual(ids);
        // Nothing was so much as sent before what stands in front of it was taken.
        const firsts = [...new Set(sent.filter((id) => ids.includes(id)))];
        expect(firsts).toEqual(ids);
      }
    }),
    { numRuns: 4, seed: 20_261_123 },
  );
});

test("a webhook that is away holds up no other, gets everything in order when it is back, and has a breaker of its own", async () => {
  await declare(1, both());
  await monitor.stop();
  for (let n = 0; n < 6; n += 1) {
    await world.happen({ subject: "aac-1", type: "consent.authorised", at: world.now() });
    await pump();
    pass(1);
  }
  expect(ledger.received).toHaveLength(6);
  const failures = "select name, failures >= 3 as open from webhook order by name";
  expect((await world.database.query(failures)).rows).toEqual([
    { name: "ledger", open: false },
    { name: "monitor", open: true },
  ]);
  await monitor.start();
  for (let n = 0; n < 10; n += 1) {
    pass(10);
    await pump();
  }
  expect(monitor.received.map(({ claims }) => claims.jti)).toEqual(
    ledger.received.map(({ claims }) => claims.jti),
  );
});

describe("what is taken out of the resource", () => {
  test("is sent nothing more, and what waited for it ends with a line in the delivery log", async () => {
    await declare(1, both());
    ledger.behave(() => 500);
    await world.happen({ subject: "aac-1" });
    await pump();
    await declare(2, [{ name: "monitor", url: monitor.url }]);
    await world.happen({ subject: "aac-2" });
    pass(30);
    await pump();
    expect(subjects(ledger)).toEqual(["aac-1"]);
    await sweep();
    expect(await outcomes(ledger.url)).toEqual(["Unanswered", "Withdrawn"]);
    expect(await outcomes(monitor.url)).toEqual(["Accepted", "Accepted"]);
    const { body } = await world.asPartner("GET", DELIVERIES_PATH);
    expect(body).toMatchObject({ deliveries: { 0: { outcome: "Withdrawn", url: ledger.url, attempt: 1 } } });
    expect((await world.database.query("select name from webhook")).rows).toEqual([{ name: "monitor" }]);
    await sweep();
    expect(await outcomes(ledger.url)).toHaveLength(2);
  });

  test("is a type: what waits of it ends, the rest is sent", async () => {
    await declare(1, [{ name: "ledger", url: ledger.url }]);
    ledger.behave(() => 500);
    await world.happen({ subject: "aac-1" }, { subject: "aac-2", type: "consent.authorised" });
    await pump();
    await declare(2, [{ name: "ledger", url: ledger.url, events: [UPDATED] }]);
    await sweep();
    ledger.behave(() => 202);
    pass(30);
    await pump();
    expect(subjects(ledger).slice(2)).toEqual(["aac-2"]);
    expect((await outcomes(ledger.url)).filter((outcome) => outcome === "Withdrawn")).toHaveLength(1);
  });

  test("does not come back by a process that has seen less", async () => {
    await declare(1, both());
    await declare(3, []);
    await declare(2, both());
    await sweep();
    await world.happen({});
    await pump();
    expect([...ledger.received, ...monitor.received]).toEqual([]);
    expect(await store.declared()).toEqual([{ client: CLIENT, version: 3, receives: false }]);
  });

  test("and put back before it has ended goes on where it was", async () => {
    await declare(1, [{ name: "ledger", url: ledger.url }]);
    await world.happen({ subject: "aac-1" });
    await declare(2, []);
    await declare(3, [{ name: "ledger", url: ledger.url }]);
    await sweep();
    await pump();
    expect(subjects(ledger)).toEqual(["aac-1"]);
  });

  test("is not told once more by a replay, as others are", async () => {
    await declare(1, both());
    await world.happen({ subject: "aac-1" });
    await pump();
    await declare(2, [{ name: "monitor", url: monitor.url }]);
    await sweep();
    const period = { from: "2026-01-01T00:00:00Z", to: "2027-01-01T00:00:00Z" };
    expect(await world.asPartner("POST", REPLAYS_PATH, period)).toMatchObject({ body: { notifications: 1 } });
    await pump();
    expect(subjects(ledger)).toHaveLength(1);
    expect(subjects(monitor)).toEqual(["aac-1", "aac-1"]);
  });
});

test("in whatever order and beside whatever news it is said, the newest counts, and nothing waits for what it leaves out", async () => {
  const names = ["ledger", "monitor", "fraud"];
  const versions = fc.array(fc.subarray(names), { minLength: 2, maxLength: 5 });
  const shuffled = versions.chain((said) =>
    fc.shuffledSubarray([...said.entries()], { minLength: said.length }).map((order) => ({ said, order })),
  );
  await fc.assert(
    fc.asyncProperty(shuffled, async ({ said, order }) => {
      await world.begin();
      const webhooks = (some: readonly string[]) =>
        some.map((name) => ({ name, url: `https://${name}.example/` }));
      await Promise.all(
        order.flatMap(([n, some]) => [declare(n + 1, webhooks(some)), world.happen({ subject: `aac-${n}` })]),
      );
      await sweep();
      const newest = said.at(-1)?.toSorted((a, b) => (a < b ? -1 : 1));
      const { rows } = await world.database.query<{ readonly name: string }>(
        "select name from webhook order by name",
      );
      expect(rows.map(({ name }) => name)).toEqual(newest);
      const waiting = await world.database.query(
        "select from webhook_notification where done_at is null and receiver not in (select receiver from webhook)",
      );
      expect(waiting.rows).toEqual([]);
    }),
    { numRuns: 15, seed: 20_261_123 },
  );
});

test("a webhook that moved gets what still waited for it at its new address", async () => {
  await declare(1, [{ name: "ledger", url: ledger.url }]);
  await ledger.stop();
  await world.happen({ subject: "aac-1" });
  for (let n = 0; n < 4; n += 1) {
    await pump();
    pass(10);
  }
  await declare(2, [{ name: "ledger", url: monitor.url }]);
  pass(60);
  await pump();
  expect(subjects(monitor)).toEqual(["aac-1"]);
});

test("a partner that is suspended is sent nothing until it is not", async () => {
  await declare(1, both());
  await world.happen({ subject: "aac-1" });
  live = [OTHER_CLIENT];
  await pump();
  expect(ledger.received).toEqual([]);
  live = [CLIENT];
  await pump();
  expect(subjects(ledger)).toEqual(["aac-1"]);
});

test("a host inside is refused for a webhook as for a subscription", async () => {
  const url = "https://10.0.0.1/events";
  await declare(1, [{ name: "ledger", url }]);
  await world.happen({});
  await pump();
  expect(await outcomes(url)).toEqual(["TargetRefused"]);
});
