import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority, createKeyPair, type KeyPair, type Subject } from "../toolchain/certificate.ts";
import { kubeconfig } from "../toolchain/kubeconfig.ts";
import type { Cluster } from "./cluster.ts";

/** Who has a kubeconfig of their own, and what the API server knows them as. */
export const USERS = {
  admin: { commonName: "admin", organizations: ["system:masters"] },
  "controller-manager": { commonName: "system:kube-controller-manager" },
  scheduler: { commonName: "system:kube-scheduler" },
  proxy: { commonName: "system:kube-proxy" },
  volumes: { commonName: "local:volume-provisioner" },
  "load-balancer": { commonName: "local:load-balancer" },
  "network-policy": { commonName: "local:network-policy" },
} as const satisfies Record<string, Omit<Subject, "use">>;

export type User = keyof typeof USERS | "node";

/** Where a user's kubeconfig lies. */
export function userConfig(cluster: Pick<Cluster, "folder">, user: User): string {
  return join(cluster.folder.certificates, `${user}.kubeconfig`);
}

/** Authorities, certificates, keys and kubeconfigs of a cluster; made once, kept over restarts. */
export async function ensureCertificates(cluster: Cluster, now: Date): Promise<void> {
  const { plan, folder } = cluster;
  const complete = join(folder.certificates, "complete");
  if (existsSync(complete)) return;
  await mkdir(folder.certificates, { recursive: true, mode: 0o700 });
  const [authority, front] = await Promise.all([
    createAuthority(`kubernetes-${plan.id}`, now),
    createAuthority(`front-proxy-${plan.id}`, now),
  ]);
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const node = { commonName: `system:node:${plan.name}`, organizations: ["system:nodes"] };
  const pairs: Readonly<Record<string, KeyPair>> = {
    ca: authority,
    front,
    apiserver: await authority.issue({
      commonName: "kube-apiserver",
      dns: ["localhost", plan.id, ...service],
      addresses: ["127.0.0.1", plan.node, plan.apiService],
      use: "server",
    }),
    "kubelet-serving": await authority.issue({
      ...node,
      dns: [plan.name],
      addresses: [plan.node],
      use: "server",
    }),
    "kubelet-client": await authority.issue({
      commonName: "apiserver-kubelet-client",
      organizations: ["system:masters"],
      use: "client",
    }),
    "front-client": await front.issue({ commonName: "front-proxy-client", use: "client" }),
  };
  const write = (name: string, text: string) =>
    writeFile(join(folder.certificates, name), text, { mode: 0o600 });
  for (const [name, pair] of Object.entries(pairs)) {
    await write(`${name}.crt`, pair.certificate);
    await write(`${name}.key`, pair.key);
  }
  const accounts = await createKeyPair();
  await write("accounts.key", accounts.privateKey);
  await write("accounts.pub", accounts.publicKey);
  for (const [user, subject] of Object.entries({ ...USERS, node })) {
    const pair = await authority.issue({ ...subject, use: "client" });
    const access = { name: plan.name, server: plan.server, authority: authority.certificate, user: pair };
    await write(`${user}.kubeconfig`, kubeconfig(access));
  }
  await write("encryption.key", randomBytes(32).toString("base64"));
  await writeFile(complete, "");
}
