import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { Playhouse } from "./play.ts";
import { createClient } from "../kube/client.ts";
import { staticCredentials } from "../kube/credentials.ts";
import { wayTo } from "../kube/testing/way.ts";
import { startHub } from "../operator/testing/hub.ts";
import { authorityFrom } from "../operator/signer/authority.ts";
import { testAuthority } from "../operator/signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "../operator/signing-key.ts";
import { Historian } from "./historian.ts";

/**
 * What servers do without when all their time is for plans: they collect garbage a fifteenth as often, within 3 GB each, have
 * one thread for their work, as two harnesses have two cores, and nobody's requests wait for anybody else's.
 */
const QUICK = {
  env: { GOGC: "1500", GOMEMLIMIT: "3GiB", GOMAXPROCS: "1" },
  apiServerArgs: ["--enable-priority-and-fairness=false"],
};

/** Starts the real API server that all plans share. */
export async function openPlayhouse(): Promise<Playhouse & { readonly close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "playhouse-"));
  // A client certificate would be verified with every single request: a tenth of what the server does.
  const [token, tokens] = [randomUUID(), join(folder, "tokens.csv")];
  await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const hub = await startHub({
    ...QUICK,
    apiServerArgs: [...QUICK.apiServerArgs, `--token-auth-file=${tokens}`],
  });
  const { server, authority: ca } = hub.plane;
  const credentials = staticCredentials({ server, ca, token });
  const connect = (userAgent: string) => createClient(credentials, { userAgent, connections: 32 });
  const way = wayTo(credentials);
  const [admin, watcher] = [connect("person"), connect("historian")];
  const historian = new Historian();
  await historian.start(watcher);
  const { intermediate, intermediateKey } = await testAuthority("partners.openbanking.test");
  const authority = await authorityFrom(intermediate, intermediateKey);
  const signingKey = newSigningKey();
  let program: Promise<string> | undefined;
  const theatre = {
    admin,
    credentials,
    way,
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
      await (await way).close();
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
