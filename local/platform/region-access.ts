import { stringify } from "yaml";
import { CommandError } from "../command.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kubectl } from "./kubectl.ts";
import type { Manifest } from "./secrets.ts";

/** Where a region's API server is, and who vouches for it. */
export interface RegionServer {
  /** As "https://10.64.0.12:6443"; reachable from the hub's pods. */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
}

/** First life of the operator's token; it renews the token itself from then on. */
const TOKEN_LIFE = "24h";

/** Secret of the hub by which the operator reaches a region, with a new token of the region's own ServiceAccount. */
export async function regionAccess(
  name: string,
  region: Kubectl,
  { server, authority }: RegionServer,
): Promise<Manifest> {
  const token = await region([
    "create",
    "token",
    "wekeza-operator",
    "--namespace",
    "wekeza-region",
    `--duration=${TOKEN_LIFE}`,
  ]);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `region-${name}`, namespace: "wekeza-system" },
    stringData: {
      kubeconfig: stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": name,
        clusters: [
          {
            name,
            cluster: { server, "certificate-authority-data": Buffer.from(authority).toString("base64") },
          },
        ],
        users: [{ name: "wekeza-operator", user: { token: token.trim() } }],
        contexts: [{ name, context: { cluster: name, user: "wekeza-operator" } }],
      }),
    },
  };
}

/**
 * Whether the hub already holds a way into the region that the region accepts.
 *
 * The operator renews what is in the Secret, so it is replaced only when it has become useless.
 *
 * @param program kubectl.
 */
export async function hasAccess(
  name: string,
  hub: Kubectl,
  asOperator: (kubeconfig: string) => Kubectl,
): Promise<boolean> {
  const encoded = await hub([
    "get",
    "secret",
    `region-${name}`,
    "--namespace",
    "wekeza-system",
    "--ignore-not-found",
    "-o",
    "jsonpath={.data.kubeconfig}",
  ]);
  if (encoded === "") return false;
  const folder = await mkdtemp(join(tmpdir(), "region-access-"));
  try {
    const file = join(folder, "kubeconfig");
    await writeFile(file, Buffer.from(encoded, "base64"), { mode: 0o600 });
    await asOperator(file)(["auth", "whoami", "--request-timeout=5s"]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
