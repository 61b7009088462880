import { randomUUID } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import { keyStoreInPod } from "../../key-store/open-bao/awaited-keys.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { publicJwkOf } from "../service/es256-jwk.ts";
import { createLog } from "../service/logger.ts";
import { ANNOUNCED_MS, type StackKey, stackKey } from "../service/stack-key.ts";
import { podOf, type TestPod } from "../service/testing/stored-key.ts";
import { EVENTS_PATH } from "./polling-routes.ts";
import { SUBSCRIPTIONS_PATH } from "./subscription-routes.ts";
import { type Answer, PRIVATE_HOST, startEvents, type TestEvents } from "./testing/events-service.ts";
import { CLIENT } from "./testing/outbox.ts";
import { type Receiver, startReceiver } from "./testing/receiver.ts";
import { Dispatcher } from "./webhook/dispatcher.ts";
import { createPush } from "./webhook/push.ts";
import { createPushStore } from "./webhook/push-store.ts";

const bao = await startOpenBao();
const MINUTE_MS = 60_000;
const WAIT = { timeout: 60_000, every: 20 };

describe.skipIf(bao === undefined)(
  "security event tokens whose key is in OpenBao (skipped where pip cannot bring it)",
  () => {
    let pod: TestPod;
    let key: StackKey;
    let world: TestEvents;
    let receiver: Receiver;
    let dispatcher: Dispatcher;

    beforeAll(async () => {
      if (bao === undefined) return;
      pod = await podOf(bao);
      const { keyStore } = pod;
      key = stackKey(
        { namespace: "stack-test", service: "events", keyStore, file: "/none", secret: "events-keys" },
        pod.inPod,
      );
      world = await startEvents(() => key.current());
      receiver = await startReceiver(world.stack.authority);
      dispatcher = new Dispatcher({
        store: createPushStore(world.database),
        push: createPush({
          financialId: "test",
          privateHosts: [PRIVATE_HOST],
          trust: world.stack.authority.ca,
          deadlineMs: 15_000,
          clock: () => performance.now(),
        }),
        issuer: { issuer: "https://auth.test", apiHost: "api.test" },
        key: () => key.current(),
        live: () => [CLIENT],
        clock: () => world.now(),
        random: () => 0.5,
        newId: () => randomUUID(),
        onResult: () => undefined,
        log: createLog("events", { level: "silent" }),
      });
    });
    afterAll(async () => {
      await key?.stop();
      await receiver?.stop();
      await world?.stop();
      await pod?.remove();
      await bao?.stop();
    });
    beforeEach(() => world.begin());

    const poll = (request: object = {}): Promise<Answer> =>
      world.asPartner("POST", EVENTS_PATH, { returnImmediately: true, ...request });
    const tokensOf = ({ body }: Answer): readonly string[] => Object.values(body["sets"] as object);
    const verified = async (token: string): Promise<unknown> => {
      const keys = createLocalJWKSet({ keys: [publicJwkOf(key.current())] });
      return (await jwtVerify(token, keys, { typ: "secevent+jwt", currentDate: world.now() })).payload.sub;
    };
    const push = async (): Promise<void> => {
      await dispatcher.begin(() => undefined);
      await dispatcher.idle();
    };

    test("are not told while there is no such key, and are from when somebody makes it", async () => {
      expect(key.notKnown()).toContain("has not told of stack-test_events yet");
      await world.happen({ subject: "aac-1" });
      expect(await poll()).toMatchObject({ status: 503, body: { Errors: [{ ErrorCode: "U042" }] } });
      await bao?.root("POST", "transit/keys/stack-test_events", { type: "ecdsa-p256" });
      await until(async () => key.notKnown() === undefined, { ...WAIT, what: "the key" });
      const [token = ""] = tokensOf(await poll());
      expect(await verified(token)).toContain("aac-1");
    });

    test("of a whole poll are signed by one call, and each holds", async () => {
      await world.happen(...Array.from({ length: 100 }, (_, n) => ({ subject: `aac-${n}` })));
      const signs = async (): Promise<number> => {
        const { values } = (await pod.inPod.registry
          .getSingleMetric("wekeza_key_store_call_seconds")
          ?.get()) ?? { values: [] };
        const counts = values.filter(
          ({ labels, ...value }) =>
            labels["operation"] === "sign" &&
            "metricName" in value &&
            value.metricName === "wekeza_key_store_call_seconds_count",
        );
        return counts.reduce((sum, { value }) => sum + value, 0);
      };
      const before = await signs();
      const tokens = tokensOf(await poll());
      expect(await signs()).toBe(before + 1);
      const subjects = await Promise.all(tokens.map(verified));
      expect(subjects.map((subject) => String(subject).split("/").at(-1))).toEqual(
        Array.from({ length: 100 }, (_, n) => `aac-${n}`),
      );
    });

    test("wait while the store is sealed, polled or pushed, and none is lost or told twice", async () => {
      const subscription = { Data: { Version: "4.0", CallbackUrl: receiver.url } };
      expect(await world.asPartner("POST", SUBSCRIPTIONS_PATH, subscription)).toMatchObject({ status: 201 });
      await world.happen({ subject: "aac-7" });
      await bao?.seal();
      try {
        expect((await poll()).status).toBe(503);
        // Receipts alone need no key.
        expect((await poll({ maxEvents: 0, ack: [] })).status).toBe(200);
        await push();
        expect(receiver.received).toEqual([]);
      } finally {
        await bao?.unseal();
      }
      await until(async () => (await poll()).status === 200, { ...WAIT, what: "a poll that is answered" });
      world.at(new Date(world.now().getTime() + 2 * MINUTE_MS));
      await push();
      expect(receiver.received.map(({ claims }) => claims.sub.split("/").at(-1))).toEqual(["aac-7"]);
      expect(await verified(receiver.received[0]?.token ?? "")).toContain("aac-7");
      expect(tokensOf(await poll())).toEqual([]);
    });

    test("are signed with the old version for an hour after a rotation, and with the new at once when the old may not", async () => {
      const old = key.current().id;
      const openedAnew = async (): Promise<{ readonly signs: string; readonly published: number }> => {
        const store = keyStoreInPod(pod.keyStore, { ...pod.inPod, registry: new Registry() });
        try {
          const name = accountKeyName("stack-test", "events");
          const keys = store.keysOf({ name, algorithm: "ES256", announcedMs: ANNOUNCED_MS });
          await until(async () => keys.notKnown() === undefined, { ...WAIT, what: "the keys" });
          return { signs: keys.current().id, published: keys.all().length };
        } finally {
          await store.stop();
        }
      };
      await bao?.root("POST", "transit/keys/stack-test_events/rotate", {});
      expect(await openedAnew()).toEqual({ signs: old, published: 2 });
      await bao?.root("POST", "transit/keys/stack-test_events/config", { min_encryption_version: 2 });
      expect((await openedAnew()).signs).not.toBe(old);
    });
  },
);
