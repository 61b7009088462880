import kafkajs from "kafkajs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startKafka, type TestKafka } from "../../kafka/testing/broker.ts";
import { until } from "../../../local/wait.ts";
import { createLog } from "../../service/logger.ts";
import { startEvents, type TestEvents } from "../testing/events-service.ts";
import { CLIENT } from "../testing/outbox.ts";
import { kafkaStream } from "./kafka.ts";
import { publishOnce, topicOf } from "./publisher.ts";
import type { Stream } from "./stream.ts";

const { Kafka, logLevel } = kafkajs;
const TOPIC = topicOf("consent");
let world: TestEvents;
let kafka: TestKafka;
let stream: Stream;
beforeAll(async () => {
  world = await startEvents();
  kafka = await startKafka((await world.stack.identity("kafka")).current());
  stream = kafkaStream({
    brokers: [kafka.address],
    identity: await world.stack.identity("events"),
    topics: [TOPIC],
    log: createLog("events", { level: "silent" }),
  });
});
afterAll(async () => {
  await stream?.close();
  await kafka?.stop();
  await world?.stop();
});
beforeEach(() => world.begin());

async function clientOf(service: string, retries = 0) {
  const { key, cert, ca } = (await world.stack.identity(service)).current();
  return new Kafka({
    clientId: service,
    brokers: [kafka.address],
    ssl: { key, cert, ca: [ca] },
    logLevel: logLevel.NOTHING,
    retry: { retries },
  });
}

interface Read {
  readonly key: string;
  readonly id: string;
  readonly n: number;
}
/** Everything in the topic whose key begins so. */
async function read(prefix: string, wanted: number): Promise<readonly Read[]> {
  const consumer = (await clientOf("events", 10)).consumer({
    groupId: `${prefix}-reader`,
    maxWaitTimeInMs: 100,
  });
  const found: Read[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { key, value, headers } }) => {
      if (key?.toString().startsWith(prefix) !== true) return;
      const { n } = JSON.parse(value?.toString() ?? "{}") as { readonly n: number };
      found.push({ key: key.toString(), id: String(headers?.["id"]), n });
    },
  });
  try {
    await until(async () => new Set(found.map(({ id }) => id)).size >= wanted, {
      timeout: 30_000,
      what: `${wanted} messages`,
    });
    return found;
  } finally {
    await consumer.disconnect();
  }
}

/** Events of five subjects, numbered within each. */
const eventsOf = (prefix: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    subject: `${prefix}-${(from + index) % 5}`,
    payload: { client: CLIENT, n: Math.floor((from + index) / 5) },
  }));

/** What is read once duplicates are dropped by id; of each key in order. */
function withoutDuplicates(messages: readonly Read[]): ReadonlyMap<string, readonly number[]> {
  const seen = new Set<string>();
  const fresh = messages.filter(({ id }) => !seen.has(id) && seen.add(id));
  return new Map([...Map.groupBy(fresh, ({ key }) => key)].map(([key, of]) => [key, of.map(({ n }) => n)]));
}
const inOrder = (prefix: string, each: number) =>
  new Map(
    [0, 1, 2, 3, 4].map((subject) => [`${prefix}-${subject}`, Array.from({ length: each }, (_, n) => n)]),
  );
const sorted = (map: ReadonlyMap<string, readonly number[]>) =>
  [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

test("events reach their topic under their ids, and are appended once", async () => {
  await world.happen(...eventsOf("once", 0, 20));
  expect(await publishOnce(world.database, stream, "kafka")).toBe(20);
  expect(await publishOnce(world.database, stream, "kafka")).toBe(0);
  const messages = await read("once", 20);
  expect(messages).toHaveLength(20);
  const { rows } = await world.database.query<{ id: string }>("select id from event");
  expect(new Set(messages.map(({ id }) => id))).toEqual(new Set(rows.map(({ id }) => id)));
});

test("a broker that is killed in the stream loses nothing, and each subject keeps its order", async () => {
  const TOTAL = 300;
  let happened = 0;
  let published = 0;
  let kills = 0;
  const writer = (async () => {
    while (happened < TOTAL) {
      await world.happen(...eventsOf("kill", happened, 20));
      happened += 20;
    }
  })();
  const publisher = (async () => {
    while (published < TOTAL) published += await publishOnce(world.database, stream, "kafka").catch(() => 0);
  })();
  for (; kills < 2; kills += 1) {
    const before = published;
    await until(async () => published > before, { timeout: 30_000, every: 5, what: "some to be published" });
    await kafka.kill();
    await kafka.start();
    if (published >= TOTAL) break;
  }
  await Promise.all([writer, publisher]);
  expect(kills).toBeGreaterThan(0);
  expect(sorted(withoutDuplicates(await read("kill", TOTAL)))).toEqual(sorted(inOrder("kill", TOTAL / 5)));
});

test("while the broker is gone events wait in the log, and go out when it is back", async () => {
  await kafka.kill();
  await world.happen(...eventsOf("gone", 0, 10));
  await expect(publishOnce(world.database, stream, "kafka")).rejects.toThrow(/connect|broker/i);
  await world.happen(...eventsOf("gone", 10, 10));
  await kafka.start();
  await until(async () => (await publishOnce(world.database, stream, "kafka")) === 20, {
    timeout: 30_000,
    what: "the events to go out",
  });
  expect(sorted(withoutDuplicates(await read("gone", 20)))).toEqual(sorted(inOrder("gone", 4)));
});

test("another service of the stack may neither write nor read, and who has no certificate is nobody", async () => {
  const stranger = (await clientOf("banking")).producer();
  await stranger.connect();
  await expect(stranger.send({ topic: TOPIC, messages: [{ value: "x" }] })).rejects.toThrow(/authoriz/i);
  await stranger.disconnect();
  const nobody = new Kafka({
    brokers: [kafka.address],
    ssl: { ca: [(await world.stack.identity("events")).current().ca] },
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  await expect(nobody.connect()).rejects.toThrow(/connect|closed/i);
});
