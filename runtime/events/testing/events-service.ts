import { startStackDatabase, type StackDatabase } from "../../database/testing/stack-database.ts";
import { asSuperuser } from "../../database/bootstrap.ts";
import { CONTEXT_HEADER, encodeContext } from "../../service/context.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import type { Key } from "../../../key-store/key.ts";
import { eventsApp } from "../app.ts";
import { Arrivals } from "../arrivals.ts";
import type { PublicJwk } from "../../service/es256-jwk.ts";
import { publicKeys, signingKey } from "../../service/signing-key.ts";
import { createNotificationStore, type NotificationStore } from "../notification-store.ts";
import { relayOnce } from "../relay.ts";
import { createDeliveryLog } from "../webhook/delivery-log.ts";
import { createSubscriptionStore } from "../subscription-store.ts";
import { newJwk } from "./keys.ts";
import { CLIENT, NOON, write, type Written } from "./outbox.ts";

/** What a partner was answered. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The events service over a real database, with a clock that stands. */
export interface TestEvents {
  readonly stack: StackDatabase;
  readonly database: Database;
  readonly notifications: NotificationStore;
  /** Keys that partners verify with. */
  readonly keys: readonly PublicJwk[];
  readonly signing: ReturnType<typeof signingKey>;
  /** Everything partners were answered under the standard's paths. */
  readonly answers: readonly { readonly method: string; readonly path: string; readonly answer: Answer }[];
  /** Empties every table and sets the clock to noon. */
  begin(): Promise<void>;
  /** The clock. */
  now(): Date;
  at(time: Date): Date;
  /** Events happen in the consent service, and reach the log. */
  happen(...events: readonly Written[]): Promise<void>;
  /** Calls as the gateway does for a partner. */
  asPartner(
    method: "POST" | "GET" | "PUT" | "DELETE",
    path: string,
    payload?: object,
    client?: string,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

/** Host that a test's receiver may have though it is private. */
export const PRIVATE_HOST = "localhost";

/** @param key what signs, when that is not a key of its own. */
export async function startEvents(key?: () => Key): Promise<TestEvents> {
  const log = createLog("events", { level: "silent" });
  const stack = await startStackDatabase();
  const identity = await stack.identity("events");
  const database = createDatabase({ config: stack.database, user: "events", identity, log });
  const consent = createDatabase({
    config: { ...stack.database, poolSize: 1 },
    user: "consent",
    identity: await stack.identity("consent"),
    log,
  });
  const jwks = JSON.stringify({ keys: [newJwk("test")] });
  const signing = signingKey(jwks, "events-keys");
  const arrivals = new Arrivals();
  const notifications = createNotificationStore(database);
  const stopping = new AbortController();
  let now = NOON;
  let serial = 0;
  const answers: { method: string; path: string; answer: Answer }[] = [];
  const app = eventsApp({
    server: { log, namespace: "stack-test", peerOf: () => "gateway" },
    notifications,
    deliveries: createDeliveryLog(database),
    subscriptions: createSubscriptionStore(database),
    arrivals,
    issuer: { issuer: "https://auth.test", apiHost: "api.test" },
    key: key ?? (() => signing),
    clock: () => now,
    apiHost: "api.test",
    privateHosts: [PRIVATE_HOST],
    newId: () => `sub-${(serial += 1)}`,
    longPollMs: 20_000,
    stopping: stopping.signal,
    log,
  });
  return {
    stack,
    database,
    notifications,
    keys: publicKeys(jwks, "events-keys"),
    signing,
    answers,
    begin() {
      now = NOON;
      return asSuperuser(stack.agent.socket, "wekeza", async (client) => {
        await client.query(
          "truncate consent.outbox, events.event, events.notification, events.subscription, events.delivery, events.stream_position, " +
            "events.webhook, events.webhook_notification, events.declaration",
        );
      });
    },
    now: () => now,
    at: (time) => (now = time),
    async happen(...events) {
      await write(consent, events);
      await relayOnce(database, "consent", "test");
      arrivals.tell();
    },
    async asPartner(method, path, payload, client = CLIENT) {
      const context = encodeContext({
        clientId: client,
        partnerName: "Acme",
        scope: "accounts",
        interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
      });
      const response = await app.inject({
        method,
        url: path,
        headers: { [CONTEXT_HEADER]: context },
        ...(payload === undefined ? {} : { payload }),
      });
      const body = response.body === "" ? {} : response.json<Record<string, unknown>>();
      const answer = { status: response.statusCode, body };
      answers.push({ method, path, answer });
      return answer;
    },
    async stop() {
      stopping.abort();
      await app.close();
      await Promise.all([database.close(), consent.close()]);
      await stack.stop();
    },
  };
}
