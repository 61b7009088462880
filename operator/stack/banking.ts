import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import type { Stack } from "./stack.ts";

/** Accounts, balances and transactions, out of the core bank. */
export function banking(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "banking",
    sizes: stack.services,
    ports: { internal: 8443 },
    mounts: [],
    memory: 256,
  });
}
