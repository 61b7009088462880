import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import { eventsKeys, keyStoreToken } from "./mount.ts";
import { inStore, type Stack } from "./stack.ts";

/** Tells partners what happened: by webhook, and to those who poll. */
export function events(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "events",
    sizes: stack.services,
    ports: { internal: 8443 },
    mounts: [inStore(stack, "events-keys") ? keyStoreToken : eventsKeys],
    redis: false,
    memory: 256,
  });
}
