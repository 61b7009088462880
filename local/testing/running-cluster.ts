import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { type KubeObject, type Manifest, resource } from "../../kube/object.ts";
import { resourceTable } from "../../kube/resources.ts";
import type { ClusterName, ClusterPlan } from "../address-plan.ts";
import { type ClusterFolder, clusterFolder } from "../cluster/cluster.ts";
import { run } from "../command.ts";
import { installation, kubeconfigPath, kubectlPath } from "../installation.ts";
import { until } from "../wait.ts";

/** One of the clusters that `make up` made, as its administrator. */
export interface RunningCluster {
  readonly plan: ClusterPlan;
  readonly folder: ClusterFolder;
  readonly client: Client;
  /** References of the images, by name: "wekeza", "postgres", "redis", … */
  readonly images: Readonly<Record<string, string>>;
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** Server-side apply of objects of built-in kinds, in order. */
  readonly apply: (...objects: readonly KubeObject[]) => Promise<void>;
  /** Waits until a pod is Ready. */
  readonly podReady: (namespace: string, name: string) => Promise<void>;
  /** Runs JavaScript in a pod with our Node. @returns what it printed. */
  readonly evaluate: (namespace: string, pod: string, script: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

const pods = resource<Manifest>({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true });

/** @throws Error that says to run `make up` when the clusters of this WEKEZA_INSTANCE are not there. */
export async function connectCluster(name: ClusterName): Promise<RunningCluster> {
  const here = installation(process.env);
  const config = kubeconfigPath(here, name);
  const plan = here.instance.clusters.find((each) => each.name === name);
  const text = await readFile(join(here.run, "images.json"), "utf8").catch(() => undefined);
  if (plan === undefined || text === undefined) {
    throw new Error(`the clusters of instance ${here.instance.instance} are not up; "make up" starts them`);
  }
  const client = createClient(await kubeconfigFileCredentials(config), { userAgent: "local-e2e" });
  const table = resourceTable();
  const kubectl = (...args: readonly string[]) => run(kubectlPath(here), ["--kubeconfig", config, ...args]);
  return {
    plan,
    folder: clusterFolder(here.run, name),
    client,
    images: JSON.parse(text) as Record<string, string>,
    kubectl,
    apply: async (...objects) => {
      for (const object of objects)
        await client.apply(table.of(object), object, { fieldManager: "e2e", force: true });
    },
    podReady: async (namespace, pod) => {
      const conditions = async () => {
        const found = await client.get(pods, { namespace, name: pod });
        return (
          (found?.["status"] as { conditions?: { type: string; status: string }[] } | undefined)
            ?.conditions ?? []
        );
      };
      await until(
        async () => (await conditions()).some(({ type, status }) => type === "Ready" && status === "True"),
        {
          timeout: 60_000,
          every: 200,
          what: `pod ${namespace}/${pod} to be Ready`,
        },
      );
    },
    evaluate: async (namespace, pod, script) =>
      (await kubectl("-n", namespace, "exec", pod, "--", "node", "--input-type=module", "-e", script)).trim(),
    close: () => client.close(),
  };
}

/** A namespace under the restricted pod security standard, as our own stacks have. */
export function restrictedNamespace(name: string): KubeObject {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export interface NodePod {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What it answers on port 8080, which is named "http". */
  readonly answer: string;
  /** Claim to mount at /data. */
  readonly claim?: string;
}

/** A pod that answers every HTTP request with a fixed text, under the restricted standard. */
export function nodePod({ namespace, name, image, labels = {}, answer, claim }: NodePod): Manifest {
  const script = `http.createServer((_, response) => response.end(${JSON.stringify(answer)})).listen(8080)`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { name, ...labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, fsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "node",
          image,
          args: ["-e", `const http = require("node:http"); ${script}`],
          ports: [{ name: "http", containerPort: 8080 }],
          readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: claim === undefined ? [] : [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes: claim === undefined ? [] : [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
    },
  };
}
