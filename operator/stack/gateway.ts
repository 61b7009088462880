import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import { hostTls, messageKeys, partnerCa } from "./mount.ts";
import type { Stack } from "./stack.ts";

/** Where partners call: ends their mutual TLS, checks tokens and limits, passes on. */
export function gateway(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "gateway",
    sizes: stack.gateway,
    ports: { api: 8443 },
    mounts: [hostTls, partnerCa, messageKeys],
    memory: 384,
  });
}
