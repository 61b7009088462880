import type { EventEmitter } from "node:events";
import type { Provider } from "oidc-provider";
import { Counter, type Registry } from "prom-client";

/** What is counted, by the names oidc-provider has for it. */
const EVENTS = [
  "pushed_authorization_request.success",
  "pushed_authorization_request.error",
  "interaction.started",
  "authorization.success",
  "authorization.error",
  "grant.success",
  "grant.error",
  "grant.revoked",
  "revocation.error",
  "server_error",
] as const;

/** Registers `wekeza_oauth_events_total` (event), which grows with everything the authorization server does or refuses. */
export function countEvents(provider: Provider, registry: Registry): void {
  const counter = new Counter({
    name: "wekeza_oauth_events_total",
    help: "What the authorization server did and refused, by event.",
    labelNames: ["event"],
    registers: [registry],
  });
  const events: EventEmitter = provider;
  for (const event of EVENTS) {
    const count = counter.labels(event);
    count.inc(0);
    events.on(event, () => count.inc());
  }
}
