import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { Playhouse } from "./play.ts";
import { createClient } from "../kube/client.ts";
import { kubeconfigCredentials } from "../kube/kubeconfig.ts";
import { agentTo } from "../kube/testing/proxy.ts";
import { startHub } from "../operator/testing/hub.ts";
import { authorityFrom } from "../operator/signer/authority.ts";
import { testAuthority } from "../operator/signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "../operator/signing-key.ts";
import { Historian } from "./historian.ts";

/**
 * What servers do without when all their time is for plans: they collect garbage a quarter as often, within 2 GB, and
 * nobody's requests wait for anybody else's.
 */
const QUICK = {
  env: { GOGC: "400", GOMEMLIMIT: "2GiB" },
  apiServerArgs: ["--enable-priority-and-fairness=false"],
};

/** Starts the real API server that all plans share. */
export async function openPlayhouse(): Promise<Playhouse & { readonly close: () => Promise<void> }> {
  const hub = await startHub(QUICK);
  const credentials = kubeconfigCredentials(hub.plane.kubeconfig, { trusted: false });
  const connect = (userAgent: string) => createClient(credentials, { userAgent, connections: 32 });
  const agent = agentTo(credentials);
  const [admin, watcher] = [connect("person"), connect("historian")];
  const historian = new Historian();
  await historian.start(watcher);
  const ca = await testAuthority("partners.openbanking.test");
  const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const signingKey = newSigningKey();
  const folder = await mkdtemp(join(tmpdir(), "playhouse-"));
  let program: Promise<string> | undefined;
  const theatre = {
    admin,
    credentials,
    agent,
    signer: shardSigner([signingKey]),
    signingKey,
    authority: () => Promise.resolve(authority),
    program: () => (program ??= bundle("operator/main.ts", folder)),
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
      await rm(folder, { recursive: true, force: true });
    },
  };
}
