import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import { auditSigningKey, auditWrappingKey, keyStoreToken } from "./mount.ts";
import { asksStore, inStore, type Stack } from "./stack.ts";

/** Puts every service's evidence into one log and signs it; of several pods one works at a time. */
export function audit(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "audit",
    sizes: stack.services,
    ports: {},
    mounts: [
      ...(inStore(stack, "audit-signing-key") ? [] : [auditSigningKey]),
      ...(asksStore(stack, "audit") ? [keyStoreToken] : []),
      auditWrappingKey(inStore(stack, "audit-wrapping-key")),
    ],
    redis: false,
    memory: 256,
  });
}
