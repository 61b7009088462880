import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import type { OpenBaoSettings } from "../../../key-store/open-bao/settings.ts";
import type { InPod } from "../../../key-store/open-bao/in-pod.ts";
import { allowedIn } from "../../../key-store/testing/allowed-in.ts";
import type { OpenBaoServer } from "../../../local/testing/openbao.ts";
import { createLog, type Log } from "../logger.ts";

/** How a test's process asks a real OpenBao as a pod does. */
export interface TestPod {
  readonly keyStore: OpenBaoSettings;
  readonly inPod: InPod & { readonly log: Log };
  remove(): Promise<void>;
}

/** A pod's token in a file, and who it may be in the store. Once for each OpenBao. */
export async function podOf(bao: OpenBaoServer): Promise<TestPod> {
  const folder = await mkdtemp(join(tmpdir(), "key-store-token-"));
  const { address, caBundle = "", mount, auth, role, serviceAccountToken } = await allowedIn(bao);
  const token = join(folder, "token");
  await writeFile(token, await serviceAccountToken());
  return {
    keyStore: { address, caBundle, mount, auth, role },
    inPod: {
      env: { WEKEZA_KEY_STORE_TOKEN: token },
      log: createLog("key-store", { level: "silent" }),
      registry: new Registry(),
      patience: { deadlineMs: 8_000, attemptMs: 8_000 },
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
