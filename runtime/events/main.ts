import { randomUUID } from "node:crypto";
import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createDatabase } from "../service/postgres.ts";
import { createDirectory } from "../service/shards.ts";
import { watchSignedConfig } from "../service/signed-config.ts";
import { stackKey } from "../service/stack-key.ts";
import { startService } from "../service/start.ts";
import { Worker } from "../service/worker.ts";
import { eventsApp } from "./app.ts";
import { Arrivals } from "./arrivals.ts";
import { EventsConfig, objectionToConfig } from "./config.ts";
import { SOURCES } from "./event.ts";
import { eventsMetrics } from "./metrics.ts";
import { createNotificationStore } from "./notification-store.ts";
import { BATCH, relayOnce } from "./relay.ts";
import { FORGOTTEN_AT_ONCE, forgetOnce } from "./retention.ts";
import { kafkaStream } from "./stream/kafka.ts";
import { publishOnce, PUBLISHED_AT_ONCE, topicOf } from "./stream/publisher.ts";
import { createSubscriptionStore } from "./subscription-store.ts";
import { keepDeclared } from "./webhook/declarations.ts";
import { createDeliveryLog } from "./webhook/delivery-log.ts";
import { Dispatcher } from "./webhook/dispatcher.ts";
import { createPush, type PushResult } from "./webhook/push.ts";
import { createPushStore, SUBSCRIPTIONS, WEBHOOKS } from "./webhook/push-store.ts";
import { createWebhookStore } from "./webhook/webhook-store.ts";

/** How often the outboxes are looked into, in ms: what an event waits at most before it can be told. */
const RELAY_MS = 250;
/** How often due pushes are looked for, in ms. */
const PUSH_MS = 1_000;
/** How often is looked for what is too old to be kept, in ms. */
const RETENTION_MS = 60_000;
/** How often declared webhooks are compared with the signed documents when none of those changes, in ms. */
const DECLARATION_MS = 30_000;
/** The name by which the log knows how far Kafka has been told. */
const STREAM = "kafka";
const PUSH_DEADLINE_MS = 10_000;
const LONG_POLL_MS = 20_000;

await startService({
  name: "events",
  config: EventsConfig,
  async run(setting) {
    const { config, log, env, stopping, registry } = setting;
    const { namespace, hosts, group, trust, webhooks } = config;
    const objection = objectionToConfig(config);
    if (objection !== undefined) throw new Error(objection);
    const clock = (): Date => new Date();
    const client = await regionClient("events", env);
    const identity = await serviceIdentity({
      env,
      service: "events",
      namespace,
      client: async () => client,
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const database = createDatabase({ config: config.database, user: "events", identity, log });
    setting.onStop("database", () => database.close());
    const metrics = eventsMetrics(registry, database, clock);

    const file = env["WEKEZA_EVENTS_KEYS"] ?? "/etc/wekeza/events-keys/jwks.json";
    const { keyStore } = config;
    const place = { namespace, service: "events", keyStore, file, secret: "events-keys" };
    const key = stackKey(place, { env, log, registry });
    setting.onStop("key", () => key.stop());
    // Events reach the log and the stream without it; a pod that cannot tell partners takes no place of one that can.
    setting.ready("signing key", () => key.notKnown());

    const partners = createDirectory({
      group,
      trust,
      startedAt: clock(),
      onRefused: (document, reason) => log.warn({ document, reason }, "signed document refused"),
    });
    const watch = watchSignedConfig({ client, namespace, directory: partners, log });
    setting.onStop("signed config", () => watch.stop());
    setting.ready("signed config", () => watch.notSynced() ?? partners.notReady(clock()));

    const arrivals = new Arrivals();
    const issuer = { issuer: `https://${hosts.auth}`, apiHost: hosts.api };
    const dispatching = {
      push: createPush({
        financialId: group,
        privateHosts: webhooks.privateHosts,
        trust: webhooks.trust,
        deadlineMs: PUSH_DEADLINE_MS,
        clock: () => performance.now(),
      }),
      issuer,
      key: () => key.current(),
      live: () =>
        (partners.roster()?.partners ?? [])
          .filter(({ suspended }) => !suspended)
          .map(({ clientId }) => clientId),
      clock,
      random: Math.random,
      newId: randomUUID,
      onResult: (_: string, result: PushResult) => metrics.pushed(result),
      log,
    };
    const dispatchers = [SUBSCRIPTIONS, WEBHOOKS].map(
      (receivers) => new Dispatcher({ ...dispatching, store: createPushStore(database, receivers) }),
    );
    const pusher = new Worker({
      name: "webhooks",
      everyMs: PUSH_MS,
      log,
      work: async () => {
        for (const dispatcher of dispatchers) await dispatcher.begin(() => pusher.wake());
        return false;
      },
    });
    setting.onStop("webhooks", async () => {
      await pusher.stop();
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.idle()));
    });
    const webhookStore = createWebhookStore(database);
    const declarer = new Worker({
      name: "declared webhooks",
      everyMs: DECLARATION_MS,
      log,
      work: () => keepDeclared(partners, webhookStore, clock(), log),
    });
    const unlisten = partners.onChange(() => declarer.wake());
    setting.onStop("declared webhooks", async () => {
      unlisten();
      await declarer.stop();
    });
    const relays = SOURCES.map((source) => {
      const relay: Worker = new Worker({
        name: `relay of ${source}`,
        everyMs: RELAY_MS,
        log,
        work: async () => {
          const moved = await relayOnce(database, source, group);
          if (moved > 0) {
            metrics.relayed(source, moved);
            arrivals.tell();
            pusher.wake();
          }
          return moved === BATCH;
        },
      });
      setting.onStop(`relay of ${source}`, () => relay.stop());
      return relay;
    });
    const keeper = new Worker({
      name: "retention",
      everyMs: RETENTION_MS,
      log,
      work: async () => {
        const forgotten = await forgetOnce(database, config.stream === undefined ? undefined : STREAM);
        metrics.forgotten(forgotten);
        return Math.max(forgotten.events, forgotten.pushes) === FORGOTTEN_AT_ONCE;
      },
    });
    setting.onStop("retention", () => keeper.stop());

    // One outbox that cannot be read keeps nobody from polling what is in the log.
    setting.ready("database", () => {
      const problems = relays.map((relay) => relay.problem());
      return problems.includes(undefined) ? undefined : problems[0];
    });

    if (config.stream !== undefined) {
      const stream = kafkaStream({ ...config.stream, identity, topics: SOURCES.map(topicOf), log });
      const publisher: Worker = new Worker({
        name: "stream",
        everyMs: RELAY_MS,
        log,
        work: async () => {
          const published = await publishOnce(database, stream, STREAM);
          if (published > 0) metrics.published(published);
          return published === PUBLISHED_AT_ONCE;
        },
      });
      setting.onStop("stream", async () => {
        await publisher.stop();
        await stream.close();
      });
    }

    const app = eventsApp({
      server: { identity, log, namespace },
      notifications: createNotificationStore(database),
      subscriptions: createSubscriptionStore(database),
      deliveries: createDeliveryLog(database),
      arrivals,
      issuer,
      key: () => key.current(),
      clock,
      newId: randomUUID,
      apiHost: hosts.api,
      privateHosts: webhooks.privateHosts,
      longPollMs: LONG_POLL_MS,
      stopping,
      log,
    });
    setting.onStop("server", () => app.close());
    await app.listen({ port: Number(env["WEKEZA_PORT"] ?? 8443), host: "::" });
  },
});
