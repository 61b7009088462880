import { randomUUID } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KeyStoreError } from "../../../key-store/error.ts";
import type { Key } from "../../../key-store/key.ts";
import { createLog } from "../../service/logger.ts";
import { DELIVERIES_PATH, REPLAYS_PATH } from "../log-routes.ts";
import { SUBSCRIPTIONS_PATH } from "../subscription-routes.ts";
import { PRIVATE_HOST, startEvents, type TestEvents } from "../testing/events-service.ts";
import { CLIENT, OTHER_CLIENT } from "../testing/outbox.ts";
import { type Received, type Receiver, startReceiver } from "../testing/receiver.ts";
import { Dispatcher } from "./dispatcher.ts";
import { createPush } from "./push.ts";
import { createPushStore } from "./push-store.ts";

const MINUTE_MS = 60_000;
let world: TestEvents;
let receiver: Receiver;
let live: readonly string[];
let ours: Dispatcher;
beforeAll(async () => {
  world = await startEvents();
  ours = dispatcher();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  await world.begin();
  receiver = await startReceiver(world.stack.authority);
  live = [CLIENT, OTHER_CLIENT];
});
afterEach(() => receiver.stop());

function dispatcher(
  privateHosts: readonly string[] = [PRIVATE_HOST],
  key: () => Key = () => world.signing,
): Dispatcher {
  return new Dispatcher({
    store: createPushStore(world.database),
    push: createPush({
      financialId: "test",
      privateHosts,
      trust: world.stack.authority.ca,
      deadlineMs: 5_000,
      clock: () => performance.now(),
    }),
    issuer: { issuer: "https://auth.test", apiHost: "api.test" },
    key,
    live: () => live,
    clock: () => world.now(),
    random: () => 0.5,
    newId: () => randomUUID(),
    onResult: () => undefined,
    log: createLog("events", { level: "silent" }),
  });
}
/** Pushes everything that is due. */
const pump = async (by = ours): Promise<void> => {
  while ((await by.begin(() => undefined)) > 0) await by.idle();
};
const subscribe = async (data: object = { CallbackUrl: receiver.url }, client = CLIENT): Promise<void> => {
  const answer = await world.asPartner(
    "POST",
    SUBSCRIPTIONS_PATH,
    { Data: { Version: "4.0", ...data } },
    client,
  );
  expect(answer).toMatchObject({ status: 201 });
};
const pass = (minutes: number): Date => world.at(new Date(world.now().getTime() + minutes * MINUTE_MS));
const rows = async (sql: string) => (await world.database.query(sql)).rows;
const subjectOf = ({ claims }: Received): string => claims.sub.split("/").at(-1) ?? "";

test("a webhook is sent a signed token, and its yes ends the matter", async () => {
  await subscribe();
  await world.happen({ subject: "aac-1" });
  await pump();
  const [one] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect(one).toMatchObject({
    path: "/event-notifications",
    headers: { "content-type": "application/jwt", "x-fapi-financial-id": "test" },
  });
  const { payload } = await jwtVerify(one?.token ?? "", createLocalJWKSet({ keys: [...world.keys] }), {
    issuer: "https://auth.test",
    audience: CLIENT,
    typ: "secevent+jwt",
    currentDate: world.now(),
  });
  expect(payload["events"]).toHaveProperty(["urn:uk:org:openbanking:events:consent-authorization-revoked"]);
  expect(await rows("select done_by, attempts from notification")).toEqual([
    { done_by: "push", attempts: 1 },
  ]);
  expect(await rows("select client, attempt, outcome, status from delivery")).toEqual([
    { client: CLIENT, attempt: 1, outcome: "Accepted", status: 202 },
  ]);
});

test("while a key store is away nothing is taken up, so that no absence of it counts as a push", async () => {
  const store = { away: true };
  const by = dispatcher(undefined, () => {
    const asked = (): void => {
      if (store.away) throw new KeyStoreError("away", "The key store cannot sign now.");
    };
    return {
      ...world.signing,
      sign: async (bytes) => (asked(), world.signing.sign(bytes)),
      signAll: async (texts) => (asked(), world.signing.signAll(texts)),
    };
  });
  const hours = async (count: number): Promise<void> => {
    for (let hour = 0; hour < count; hour += 1) {
      await pump(by);
      pass(60);
    }
  };
  const attempts = (): Promise<readonly unknown[]> =>
    rows("select attempts, done_by from notification order by position");
  await subscribe();
  await world.happen({ subject: "aac-1" });
  await hours(5);
  expect(await attempts()).toEqual([{ attempts: 0, done_by: null }]);
  store.away = false;
  await pump(by);
  expect(await attempts()).toEqual([{ attempts: 1, done_by: "push" }]);

  store.away = true;
  await world.happen({ subject: "aac-2" });
  await hours(5);
  // The one that found it out was taken up before.
  expect((await attempts())[1]).toEqual({ attempts: 1, done_by: null });
  store.away = false;
  await pump(by);
  expect(receiver.received.map(subjectOf)).toEqual(["aac-1", "aac-2"]);
});

test("a receiver that is gone for an hour misses nothing, and gets each subject's news in their order", async () => {
  await subscribe();
  await receiver.stop();
  const happened: string[] = [];
  for (let minute = 0; minute < 60; minute += 1) {
    const subject = `s-${minute % 7}`;
    happened.push(subject);
    await world.happen({ subject, at: world.now(), type: "consent.authorised" });
    await pump();
    pass(1);
  }
  expect(receiver.received).toEqual([]);
  const [{ tried }] = (await rows("select count(*)::int as tried from delivery")) as [{ tried: number }];
  // The breaker lets one try at a time, ever more seldom: 60 waiting notifications are not 60 tries a minute.
  expect(tried).toBeLessThan(40);

  await receiver.start();
  for (let minute = 0; minute < 30; minute += 1) {
    await pump();
    pass(1);
  }
  const order = await world.database.query<{ id: string; subject: string }>(
    "select id, subject from event order by position",
  );
  const wanted = Map.groupBy(order.rows, ({ subject }) => subject);
  const got = Map.groupBy(receiver.received, subjectOf);
  for (const [subject, events] of wanted)
    expect(got.get(subject)?.map(({ claims }) => claims.jti)).toEqual(events.map(({ id }) => id));
  expect(receiver.received).toHaveLength(happened.length);
});

test("what was not accepted comes again under the same id, and holds back its own subject only", async () => {
  await subscribe();
  receiver.behave(({ claims: { sub } }) => (sub.endsWith("aac-1") ? 400 : 202));
  await world.happen(
    { subject: "aac-1", type: "consent.authorised" },
    { subject: "aac-1" },
    { subject: "aac-2" },
  );
  await pump();
  expect(receiver.received.map(subjectOf).toSorted()).toEqual(["aac-1", "aac-2"]);
  receiver.behave(() => 202);
  pass(1);
  await pump();
  const [first, again, next] = receiver.received.filter((one) => subjectOf(one) === "aac-1");
  expect(again?.claims).toEqual({ ...first?.claims, iat: expect.any(Number) });
  expect(next?.claims.events).toHaveProperty(["urn:uk:org:openbanking:events:consent-authorization-revoked"]);
  expect(receiver.received).toHaveLength(4);
});

test("what a process that was killed had taken up is pushed by the next, under the same id", async () => {
  await subscribe();
  await world.happen({});
  const store = createPushStore(world.database);
  const [taken] = await store.takeUp([CLIENT], [], world.now(), new Date(world.now().getTime() + MINUTE_MS));
  await pump();
  expect(receiver.received).toEqual([]);
  pass(2);
  await pump();
  expect(receiver.received.map(({ claims }) => claims.jti)).toEqual([taken?.jti]);
});

test("two processes at work send nothing twice", async () => {
  await subscribe();
  await world.happen(...Array.from({ length: 40 }, (_, n) => ({ subject: `s-${n % 10}` })));
  await Promise.all([pump(), pump(dispatcher())]);
  await pump();
  expect(receiver.received).toHaveLength(40);
  expect(new Set(receiver.received.map(({ claims }) => claims.jti)).size).toBe(40);
});

test("a partner whose receiver does not answer keeps no other waiting", async () => {
  const other = await startReceiver(world.stack.authority);
  try {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    await subscribe();
    await subscribe({ CallbackUrl: other.url }, OTHER_CLIENT);
    await receiver.stop();
    await world.happen({ subject: "aac-1" }, { subject: "aac-2", payload: { client: OTHER_CLIENT } });
    other.behave(() => {
      answer();
      return 202;
    });
    await pump();
    await answered;
    expect(other.received.map(subjectOf)).toEqual(["aac-2"]);
  } finally {
    await other.stop();
  }
});

describe("nothing is sent", () => {
  test("to a partner that is suspended, until it is not", async () => {
    await subscribe();
    live = [OTHER_CLIENT];
    await world.happen({});
    await pump();
    expect(receiver.received).toEqual([]);
    live = [CLIENT];
    await pump();
    expect(receiver.received).toHaveLength(1);
  });

  test("of types that were not subscribed to", async () => {
    await subscribe({
      CallbackUrl: receiver.url,
      EventTypes: ["urn:uk:org:openbanking:events:resource-update"],
    });
    await world.happen({});
    await pump();
    expect(receiver.received).toEqual([]);
  });

  test("of what happened before the subscription", async () => {
    await world.happen({});
    pass(1);
    await subscribe();
    await pump();
    expect(receiver.received).toEqual([]);
  });

  test("to where a redirect leads", async () => {
    await subscribe();
    const elsewhere = await startReceiver(world.stack.authority);
    try {
      receiver.behave(() => ({ status: 307, location: elsewhere.url }));
      await world.happen({});
      await pump();
      expect(elsewhere.received).toEqual([]);
      expect(await rows("select outcome, status from delivery")).toEqual([
        { outcome: "Refused", status: 307 },
      ]);
    } finally {
      await elsewhere.stop();
    }
  });

  test("to a host inside, whatever its name", async () => {
    await subscribe();
    await world.database.query("update subscription set callback_url = 'https://ip6-localhost.example/'");
    await world.happen({});
    await pump(dispatcher([]));
    await world.database.query("update subscription set callback_url = $1, failures = 0", [receiver.url]);
    pass(2);
    await pump(dispatcher([]));
    expect(receiver.received).toEqual([]);
    expect((await rows("select outcome from delivery order by id")).at(-1)).toEqual({
      outcome: "TargetRefused",
    });
  });

  test("to a server whose certificate nobody vouches for", async () => {
    await subscribe();
    const push = createPush({
      financialId: "test",
      privateHosts: [PRIVATE_HOST],
      deadlineMs: 5_000,
      clock: () => performance.now(),
    });
    expect(await push(receiver.url, "a.b.c", randomUUID())).toMatchObject({
      outcome: "Unanswered",
      message: expect.stringMatching(/certificate/),
    });
    expect(receiver.received).toEqual([]);
  });
});

test("after three days pushes end, the news waits to be polled, and a replay sends it again", async () => {
  await subscribe();
  receiver.behave(() => 500);
  await world.happen({ subject: "aac-1" });
  for (let quarter = 0; quarter < 4 * 73; quarter += 1) {
    await pump();
    pass(15);
  }
  const tries = receiver.received.length;
  expect(tries).toBeGreaterThan(72);
  pass(24 * 60);
  await pump();
  expect(receiver.received).toHaveLength(tries);
  expect(await world.notifications.waiting(CLIENT, 10)).toHaveLength(1);

  receiver.behave(() => 202);
  const period = { from: "2026-01-01T00:00:00Z", to: world.now().toISOString() };
  const replay = (client: string) => world.asPartner("POST", REPLAYS_PATH, period, client);
  expect(await replay(OTHER_CLIENT)).toEqual({ status: 202, body: { notifications: 0 } });
  expect(await replay(CLIENT)).toEqual({ status: 202, body: { notifications: 1 } });
  await pump();
  expect(new Set(receiver.received.map(({ claims }) => claims.jti)).size).toBe(1);
  expect(await world.notifications.waiting(CLIENT, 10)).toEqual([]);
  const { body } = await world.asPartner("GET", DELIVERIES_PATH);
  expect(body).toMatchObject({ deliveries: { 0: { outcome: "Accepted", attempt: 1 }, 1: { status: 500 } } });
  expect((await world.asPartner("GET", DELIVERIES_PATH, undefined, OTHER_CLIENT)).body).toEqual({
    deliveries: [],
  });
});
