import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import { hostTls, keyStoreToken, messageKeys, partnerCa } from "./mount.ts";
import { inStore, type Stack } from "./stack.ts";

/** Where partners call: ends their mutual TLS, checks tokens and limits, passes on. */
export function gateway(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "gateway",
    sizes: stack.gateway,
    ports: { api: 8443 },
    mounts: [hostTls, partnerCa, inStore(stack, "message-keys") ? keyStoreToken : messageKeys],
    memory: 384,
  });
}
