import type { FastifyInstance } from "fastify";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { SubscriptionStore } from "./subscription-store.ts";
import { readSubscription, type Subscription } from "./subscription.ts";

/** Where partners find their subscription, below the API's host. */
export const SUBSCRIPTIONS_PATH = "/open-banking/v4.0/event-subscriptions";

/** What the routes work with. */
export interface SubscriptionRoutesOptions {
  readonly subscriptions: SubscriptionStore;
  readonly apiHost: string;
  /** Hosts that a sandbox may call though they are not on the Internet. */
  readonly privateHosts: readonly string[];
  readonly clock: () => Date;
  readonly newId: () => string;
}

/** Event subscriptions of Open Banking UK 4.0; a partner has one at most. */
export function subscriptionRoutes(app: FastifyInstance, options: SubscriptionRoutesOptions): void {
  const { subscriptions, apiHost, privateHosts, clock, newId } = options;
  const gateway = { preHandler: onlyFrom("gateway") };

  app.post(SUBSCRIPTIONS_PATH, gateway, async (request, reply) => {
    const { clientId: client } = contextOf(request);
    const read = readSubscription(request.body, privateHosts);
    if ("faults" in read) throw new ObukError(400, read.faults);
    const subscription = { ...read.wish, client, id: newId(), createdAt: clock() };
    if (await subscriptions.add(subscription)) return reply.status(201).send(one(subscription, apiHost));
    throw new ObukError(409, {
      reason: "AlreadyExists",
      message: "There is a subscription of this client already; change it with PUT, or delete it.",
    });
  });

  app.get(SUBSCRIPTIONS_PATH, gateway, async (request) => {
    const found = await subscriptions.of(contextOf(request).clientId);
    return {
      Data: { EventSubscription: found === undefined ? [] : [dataOf(found)] },
      ...surroundings(apiHost),
    };
  });

  app.put<{ Params: { id: string } }>(`${SUBSCRIPTIONS_PATH}/:id`, gateway, async (request) => {
    const { clientId: client } = contextOf(request);
    const { id } = request.params;
    const read = readSubscription(request.body, privateHosts);
    if ("faults" in read) throw new ObukError(400, read.faults);
    if (read.wish.id !== id) {
      const path = "Data.EventSubscriptionId";
      throw new ObukError(400, {
        reason: "FieldInvalid",
        message: `${path} is not the id of the path.`,
        path,
      });
    }
    const changed = { ...read.wish, client, id };
    if (await subscriptions.change(changed)) return one(changed, apiHost);
    throw unknown();
  });

  app.delete<{ Params: { id: string } }>(`${SUBSCRIPTIONS_PATH}/:id`, gateway, async (request, reply) => {
    if (!(await subscriptions.remove(contextOf(request).clientId, request.params.id))) throw unknown();
    return reply.status(204).send();
  });
}

/** `OBEventSubscriptionResponse1`. */
function one(subscription: Omit<Subscription, "createdAt">, apiHost: string): object {
  return { Data: dataOf(subscription), ...surroundings(apiHost, subscription.id) };
}

function dataOf({ id, version, callbackUrl, eventTypes }: Omit<Subscription, "createdAt">): object {
  return {
    EventSubscriptionId: id,
    ...(callbackUrl === undefined ? {} : { CallbackUrl: callbackUrl }),
    Version: version,
    ...(eventTypes === undefined ? {} : { EventTypes: eventTypes }),
  };
}

function surroundings(apiHost: string, id?: string): object {
  const self = `https://${apiHost}${SUBSCRIPTIONS_PATH}${id === undefined ? "" : `/${id}`}`;
  return { Links: { Self: self }, Meta: { TotalPages: 1 } };
}

function unknown(): ObukError {
  return new ObukError(400, {
    reason: "NotFound",
    message: "There is no such subscription.",
    path: "EventSubscriptionId",
  });
}
