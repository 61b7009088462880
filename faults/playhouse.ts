import type { Playhouse } from "./play.ts";
import { createClient } from "../kube/client.ts";
import { kubeconfigCredentials } from "../kube/kubeconfig.ts";
import { agentTo } from "../kube/testing/proxy.ts";
import { startHub } from "../operator/testing/hub.ts";
import { authorityFrom } from "../operator/signer/authority.ts";
import { testAuthority } from "../operator/signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "../operator/signing-key.ts";
import { Historian } from "./historian.ts";

/** Starts the real API server that all plans share. */
export async function openPlayhouse(): Promise<Playhouse & { readonly close: () => Promise<void> }> {
  const hub = await startHub();
  const credentials = kubeconfigCredentials(hub.plane.kubeconfig, { trusted: false });
  const connect = (userAgent: string) => createClient(credentials, { userAgent, connections: 32 });
  const agent = agentTo(credentials);
  const [admin, watcher] = [connect("person"), connect("historian")];
  const historian = new Historian();
  await historian.start(watcher);
  const ca = await testAuthority("partners.openbanking.test");
  const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const signingKey = newSigningKey();
  const theatre = {
    admin,
    credentials,
    agent,
    signer: shardSigner([signingKey]),
    signingKey,
    authority: () => Promise.resolve(authority),
  };
  let number = 0;
  return {
    theatre,
    historian,
    next: () => ++number,
    async close() {
      await historian.stop();
      await admin.close();
      (await agent).destroy();
      await hub.stop();
    },
  };
}
