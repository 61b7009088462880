import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import type { Stack } from "./stack.ts";

/** Keeps consents and their life cycle. */
export function consent(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "consent",
    sizes: stack.services,
    ports: { internal: 8443 },
    mounts: [],
    memory: 256,
  });
}
