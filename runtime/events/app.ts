import type { FastifyInstance } from "fastify";
import { createServiceApp, type ServiceAppOptions } from "../service/mtls-server.ts";
import { logRoutes, type LogRoutesOptions } from "./log-routes.ts";
import { pollingRoutes, type PollingOptions } from "./polling-routes.ts";
import { subscriptionRoutes, type SubscriptionRoutesOptions } from "./subscription-routes.ts";

/** What the events service is made of. */
export interface EventsAppOptions extends PollingOptions, SubscriptionRoutesOptions, LogRoutesOptions {
  readonly server: Omit<ServiceAppOptions, "allow">;
}

/** The events service, not yet listening. */
export function eventsApp({ server, ...options }: EventsAppOptions): FastifyInstance {
  const app = createServiceApp({ ...server, allow: ["gateway"] });
  pollingRoutes(app, options);
  subscriptionRoutes(app, options);
  logRoutes(app, options);
  return app;
}
