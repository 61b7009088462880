import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import type { Manifest } from "../../kube/object.ts";
import {
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  namespaces,
} from "../../kube/resources.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from "../../local/testing/control-plane.ts";
import { until } from "../../local/wait.ts";
import { API_VERSION } from "../../crds/resources.ts";

/** A rule of RBAC, for tests. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** A real API server that serves our kinds. */
export interface Hub {
  readonly plane: ControlPlane;
  readonly admin: Client;
  /** A client of a user who may do just what the rules say. */
  clientOf(user: string, rules: readonly Rule[], groups?: readonly string[]): Promise<Client>;
  /** Its kubeconfig. */
  kubeconfigOf(user: string, rules: readonly Rule[]): Promise<string>;
  namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an API server and installs the CRDs of `crds/manifests`. */
export async function startHub(options: ControlPlaneOptions = {}): Promise<Hub> {
  const plane = await startControlPlane(options);
  const clients: Client[] = [];
  const connect = (kubeconfig: string): Client => {
    const client = createClient(kubeconfigCredentials(kubeconfig, { trusted: false }), { userAgent: "test" });
    clients.push(client);
    return client;
  };
  const admin = connect(plane.kubeconfig);
  await installKinds(admin);
  const kubeconfigOf = async (
    user: string,
    rules: readonly Rule[],
    groups?: readonly string[],
  ): Promise<string> => {
    const name = user.replaceAll(":", "-");
    const rbac = "rbac.authorization.k8s.io";
    const metadata = { name };
    const role: Manifest = { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata, rules };
    await admin.apply(clusterRoles, role, { fieldManager: "test" });
    const binding: Manifest = {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [{ kind: "User", apiGroup: rbac, name: user }],
    };
    await admin.apply(clusterRoleBindings, binding, { fieldManager: "test" });
    return plane.kubeconfigFor(user, groups);
  };
  return {
    plane,
    admin,
    kubeconfigOf,
    clientOf: async (user, rules, groups) => connect(await kubeconfigOf(user, rules, groups)),
    async namespace(name, labels = {}) {
      const namespace: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
      await admin.apply(namespaces, namespace, { fieldManager: "test" });
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await plane.stop();
    },
  };
}

async function installKinds(admin: Client): Promise<void> {
  const folder = join(import.meta.dirname, "../../crds/manifests");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
  for (const name of names) {
    const definition = parse(await readFile(join(folder, name), "utf8")) as Manifest;
    await admin.apply(customResourceDefinitions, definition, { fieldManager: "test" });
  }
  await until(async () => (await served(admin)) >= names.length, {
    timeout: 120_000,
    what: "our kinds to be served",
  });
}

/** How many of our kinds the server lists in discovery. */
async function served(admin: Client): Promise<number> {
  const { body } = await admin.raw({ method: "GET", path: `/apis/${API_VERSION}`, repeatable: true });
  const { resources } = body as { resources: readonly { readonly name: string }[] };
  return resources.filter(({ name }) => !name.includes("/")).length;
}
