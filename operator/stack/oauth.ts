import type { Chart } from "cdk8s";
import { service } from "./deployment.ts";
import {
  eventsPublicKeys,
  hostTls,
  keyStoreToken,
  messagePublicKeys,
  oauthKeys,
  oauthSecrets,
  partnerCa,
} from "./mount.ts";
import { asksStore, inStore, type Stack } from "./stack.ts";

/** The authorization server: one listener for browsers, one for partners' certificates, one for the other services. */
export function oauth(chart: Chart, stack: Stack): void {
  service(chart, stack, {
    name: "oauth",
    sizes: stack.services,
    ports: { auth: 8443, "mtls-auth": 8444, internal: 8445 },
    mounts: [
      hostTls,
      partnerCa,
      inStore(stack, "oauth-keys") ? oauthSecrets : oauthKeys,
      eventsPublicKeys(inStore(stack, "events-keys")),
      messagePublicKeys(inStore(stack, "message-keys")),
      ...(asksStore(stack, "oauth") ? [keyStoreToken] : []),
    ],
    memory: 384,
  });
}
