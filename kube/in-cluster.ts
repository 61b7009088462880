import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Credentials } from "./credentials.ts";
import { fileContent } from "./file-content.ts";

/** Where the kubelet mounts a pod's service account. */
const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The credentials of the pod this process runs in: its service account.
 *
 * @throws Error outside a pod, where `KUBERNETES_SERVICE_HOST` is not set or no token is mounted.
 */
export async function inClusterCredentials(
  env: Readonly<Record<string, string | undefined>>,
  mount: string = MOUNT,
): Promise<Credentials> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (host === undefined || host === "") {
    throw new Error("Not in a pod: KUBERNETES_SERVICE_HOST is not set. Give a kubeconfig instead.");
  }
  const ca = fileContent(join(mount, "ca.crt"));
  const token = fileContent(join(mount, "token"));
  const namespace = (await readFile(join(mount, "namespace"), "utf8")).trim();
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace,
    tls: async () => ({ ca: await ca() }),
    headers: async () => ({ authorization: `Bearer ${(await token()).trim()}` }),
    rejected() {},
  };
}
