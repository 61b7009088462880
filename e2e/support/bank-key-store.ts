import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import { ed25519From } from "../../key-store/ed25519.ts";
import { tokenOf } from "../../key-store/testing/service-account-token.ts";
import type { Client } from "../../kube/client.ts";
import { clusterRoleBindings, configMaps, namespaces, serviceAccounts } from "../../kube/resources.ts";
import { instanceOf, planOf } from "../../local/address-plan.ts";
import { type OpenBaoServer, startOpenBao } from "../../local/testing/openbao.ts";
import type { ClusterName, Clusters } from "./clusters.ts";
import { inAnyCase } from "./in-any-case.ts";

/** The bank's own OpenBao, outside of its clusters, at an address of this machine and under a CA of its own. */
export interface BankKeyStore extends OpenBaoServer {
  /** Address of this machine, which the store has. */
  readonly host: string;
  /** Types a block of docs/trust.md. @param line the block has it. @param change makes of it what a reader would. */
  type(line: string, change?: (block: string) => string): Promise<void>;
  /** The public half of the first version of a key, out of the store and not from whoever publishes it. */
  publicKey(name: string): Promise<KeyObject>;
}

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/trust.md"), "utf8");
const BLOCKS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text);

/** Asks the API server of the cluster whose tokens they are. */
const REVIEWER = { namespace: "e2e-key-store", name: "openbao" };

/**
 * Starts it, with its transit engine, and a Kubernetes method that knows a cluster.
 *
 * @returns undefined where its program cannot be had.
 */
export async function startBankKeyStore(
  { clients }: Clusters,
  cluster: ClusterName,
): Promise<BankKeyStore | undefined> {
  const { host, clusters } = planOf(instanceOf(process.env));
  const server = await startOpenBao(host);
  if (server === undefined) return undefined;
  const client = clients[cluster];
  const stop = (): Promise<void> =>
    inAnyCase(
      () => forgetReviewer(client),
      () => server.stop(),
    );
  try {
    const authority = await client.get(configMaps, { namespace: "default", name: "kube-root-ca.crt" });
    await server.root("POST", "sys/mounts/transit", { type: "transit" });
    await server.root("POST", "sys/auth/kubernetes", { type: "kubernetes" });
    await server.root("POST", "auth/kubernetes/config", {
      kubernetes_host: clusters.find(({ name }) => name === cluster)?.server,
      kubernetes_ca_cert: authority?.data?.["ca.crt"],
      disable_local_ca_jwt: true,
      token_reviewer_jwt: await reviewerToken(client),
    });
    const methods = (await server.root("GET", "sys/auth")).data?.["kubernetes/"] as {
      readonly accessor: string;
    };
    const M = `identity.entity.aliases.${methods.accessor}.metadata`;
    return {
      ...server,
      host,
      stop,
      async type(line, change = (block) => block) {
        const block = BLOCKS.find((each) => each.includes(line));
        if (block === undefined) throw new Error(`docs/trust.md has no block with ${line}`);
        await server.shell(change(block), { M });
      },
      async publicKey(name) {
        const { data = {} } = await server.root("GET", `transit/keys/${name}`);
        const { "1": first } = data["keys"] as { readonly "1": { readonly public_key: string } };
        return data["type"] === "ed25519"
          ? ed25519From(Buffer.from(first.public_key, "base64"))
          : createPublicKey(first.public_key);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A public key as a key set has it, named by its thumbprint. */
export async function publishedJwk(key: KeyObject): Promise<JWK> {
  const jwk = await exportJWK(key);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: "ES256", use: "sig" };
}

async function reviewerToken(client: Client): Promise<string> {
  const { namespace, name } = REVIEWER;
  const options = { fieldManager: "e2e" };
  await client.apply(
    namespaces,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    options,
  );
  await client.apply(
    serviceAccounts,
    { apiVersion: "v1", kind: "ServiceAccount", metadata: REVIEWER },
    options,
  );
  await client.apply(
    clusterRoleBindings,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", namespace, name }],
    },
    options,
  );
  return tokenOf(client, REVIEWER);
}

function forgetReviewer(client: Client): Promise<void> {
  return inAnyCase(
    () => client.delete(clusterRoleBindings, { name: REVIEWER.namespace }),
    () => client.delete(namespaces, { name: REVIEWER.namespace }),
  );
}
