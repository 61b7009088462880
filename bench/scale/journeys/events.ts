import { Registry } from "prom-client";
import { eventsMetrics } from "../../../runtime/events/metrics.ts";
import { createNotificationStore } from "../../../runtime/events/notification-store.ts";
import { relayOnce } from "../../../runtime/events/relay.ts";
import { forgetOnce } from "../../../runtime/events/retention.ts";
import { publishOnce } from "../../../runtime/events/stream/publisher.ts";
import { createSubscriptionStore } from "../../../runtime/events/subscription-store.ts";
import { createDeliveryLog } from "../../../runtime/events/webhook/delivery-log.ts";
import {
  createPushStore,
  type Settled,
  SUBSCRIPTIONS,
  WEBHOOKS,
} from "../../../runtime/events/webhook/push-store.ts";
import { createWebhookStore } from "../../../runtime/events/webhook/webhook-store.ts";
import { WEBHOOK } from "../rows/events.ts";
import type { World } from "./world.ts";

const CLIENT = "scale-ptn-1";

/** Events are relayed, published, pushed, polled and told once more. */
export async function eventsJourney({ as: { events }, at, round }: World): Promise<void> {
  for (const source of ["consent", "banking"] as const) await relayOnce(events, source, "scale");
  const stream = { append: async () => undefined, close: async () => undefined };
  await publishOnce(events, stream, "kafka");

  const notifications = createNotificationStore(events);
  const waiting = await notifications.waiting(CLIENT, 10);
  const [first, second] = waiting.map(({ jti }) => jti);
  if (first === undefined || second === undefined) throw new Error("Nothing waits for a partner.");
  const errors = [{ jti: second, err: "invalid_request", description: "no" }];
  await notifications.settle(CLIENT, { acknowledged: [first], errors }, at);
  const day = 86_400_000;
  const from = new Date(at.getTime() - (100 + round) * day);
  await notifications.replay(CLIENT, { from, to: new Date(from.getTime() + day) });

  for (const receivers of [SUBSCRIPTIONS, WEBHOOKS]) {
    const pushes = createPushStore(events, receivers);
    const until = new Date(at.getTime() + 30_000);
    const taken = await pushes.takeUp([CLIENT, "scale-ptn-3"], ["scale-ptn-3"], at, until);
    const mine = taken.filter(({ client }) => client === CLIENT);
    const [one] = mine;
    if (one === undefined) throw new Error("Nothing is to be pushed.");
    const accepted = (each: typeof one): Settled => ({
      ...each,
      result: { outcome: "Accepted", status: 202, durationMs: 1 },
      nextPush: undefined,
    });
    const [refused, ...others] = mine.map(accepted);
    if (refused === undefined) throw new Error("Nothing is to be pushed.");
    const put = {
      ...refused,
      result: { outcome: "Refused", status: 503, durationMs: 1 },
      nextPush: until,
    } as const;
    await pushes.settle(one.receiver, [put, ...others], { failures: 0, openUntil: undefined }, at);
  }

  const webhooks = createWebhookStore(events);
  const version = round + 1;
  const added = { name: `new-${round}`, url: "https://partner.test/new" };
  await webhooks.declare([
    { client: CLIENT, version, webhooks: [WEBHOOK, added] },
    { client: `scale-ptn-${17 + 16 * round}`, version, webhooks: [] },
  ]);
  await webhooks.declared();
  if ((await webhooks.withdraw(at)) === 0)
    throw new Error("Nothing waits for a webhook that was taken away.");

  const deliveries = createDeliveryLog(events);
  const page = await deliveries.of(CLIENT);
  await deliveries.of(CLIENT, page.at(-1)?.number);

  await forgetOnce(events, undefined);
  await forgetOnce(events, "kafka");

  const subscriptions = createSubscriptionStore(events);
  const subscription = {
    client: `new-${round}`,
    id: `sub-${round}`,
    version: "4.0",
    callbackUrl: undefined,
    eventTypes: undefined,
    createdAt: at,
  };
  await subscriptions.add(subscription);
  await subscriptions.of(CLIENT);
  await subscriptions.change(subscription);
  await subscriptions.remove(subscription.client, subscription.id);

  const registry = new Registry();
  eventsMetrics(registry, events, () => at);
  await registry.metrics();
}
