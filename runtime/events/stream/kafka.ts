import kafkajs, { type Admin, type Kafka as KafkaClient, type logCreator, type Producer } from "kafkajs";
import type { ServiceIdentity } from "../../service/identity.ts";
import type { Log } from "../../service/logger.ts";
import type { Stream } from "./stream.ts";

const { CompressionTypes, Kafka, logLevel } = kafkajs;

/** How Kafka is reached. */
export interface KafkaOptions {
  /** As `kafka:9092`. */
  readonly brokers: readonly string[];
  readonly identity: ServiceIdentity;
  /** Topics to make when they are not there. */
  readonly topics: readonly string[];
  readonly log: Log;
}

/** Of each topic, for as many readers at a time. More later would break the order of a key. */
const PARTITIONS = 6;

/** Kept together for the next message, until one of them fails. */
interface Connection {
  readonly producer: Producer;
}

/**
 * A stream in Kafka, over mutual TLS, connected when first needed.
 *
 * The producer is idempotent: what it repeats by itself is kept once. After a failure it begins anew, and so may repeat
 * messages that were kept: readers drop what has an id they know.
 */
export function kafkaStream(options: KafkaOptions): Stream {
  let connection: Promise<Connection> | undefined;
  const forget = async (): Promise<void> => {
    const old = connection;
    connection = undefined;
    await old?.then(({ producer }) => producer.disconnect()).catch(() => undefined);
  };
  const unsubscribe = options.identity.onChange(() => void forget());
  return {
    async append(messages) {
      connection ??= connect(options);
      try {
        const { producer } = await connection;
        const byTopic = Map.groupBy(messages, ({ topic }) => topic);
        await producer.sendBatch({
          acks: -1,
          compression: CompressionTypes.GZIP,
          topicMessages: [...byTopic].map(([topic, of]) => ({
            topic,
            messages: of.map(({ key, value, headers }) => ({ key, value, headers })),
          })),
        });
      } catch (error) {
        await forget();
        throw error;
      }
    },
    async close() {
      unsubscribe();
      await forget();
    },
  };
}

async function connect({ brokers, identity, topics, log }: KafkaOptions): Promise<Connection> {
  const { key, cert, ca } = identity.current();
  const client = new Kafka({
    clientId: "events",
    brokers: [...brokers],
    ssl: { key, cert, ca: [ca], minVersion: "TLSv1.3" },
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator: logTo(log),
  });
  await makeTopics(client, topics);
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 5 } });
  await producer.connect();
  return { producer };
}

async function makeTopics(client: KafkaClient, topics: readonly string[]): Promise<void> {
  const admin: Admin = client.admin();
  await admin.connect();
  try {
    const found = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !found.has(topic));
    if (missing.length === 0) return;
    await admin.createTopics({
      topics: missing.map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
      waitForLeaders: true,
    });
  } finally {
    await admin.disconnect();
  }
}

/** What kafkajs has to say, at the level of things that mend themselves: whoever appends is told of failures. */
function logTo(log: Log): logCreator {
  return () => (entry) => {
    log.debug({ kafka: entry.log.message, namespace: entry.namespace }, "kafka client");
  };
}
