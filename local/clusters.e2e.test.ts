import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject, Manifest } from "../kube/object.ts";
import { secrets } from "../kube/resources.ts";
import {
  connectCluster,
  nodePod,
  restrictedNamespace,
  type RunningCluster,
} from "./testing/running-cluster.ts";
import { until } from "./wait.ts";

const namespace = `local-e2e-${randomBytes(3).toString("hex")}`;
let ke: RunningCluster;
let eu: RunningCluster;

beforeAll(async () => {
  [ke, eu] = await Promise.all([connectCluster("ke"), connectCluster("eu")]);
  const image = ke.images["wekeza"] ?? "";
  await Promise.all([ke, eu].map((cluster) => cluster.apply(restrictedNamespace(namespace))));
  const pod = (name: string, claim?: string) =>
    nodePod({ namespace, name, image, answer: name, ...(claim === undefined ? {} : { claim }) });
  await ke.apply(
    claimFor("data"),
    pod("one", "data"),
    pod("two"),
    pod("stranger"),
    balancer("one"),
    balancer("two"),
  );
  await eu.apply(pod("abroad"));
  await Promise.all([
    ...["one", "two", "stranger"].map((name) => ke.podReady(namespace, name)),
    eu.podReady(namespace, "abroad"),
  ]);
});

afterAll(() =>
  Promise.all(
    [ke, eu].map(async (cluster) => {
      try {
        await cluster?.kubectl("delete", "namespace", namespace, "--wait=false");
      } finally {
        await cluster?.close();
      }
    }),
  ),
);

function claimFor(name: string): Manifest {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { namespace, name }, spec };
}

function balancer(name: string): Manifest {
  const ports = [{ name: "https", port: 443, targetPort: "http" }];
  const spec = { type: "LoadBalancer", selector: { name }, ports };
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec };
}

function storePod(
  name: string,
  image: string,
  command: readonly string[],
  ready: readonly string[],
): Manifest {
  const pod = nodePod({ namespace, name, image, answer: "" });
  const { containers, ...spec } = pod["spec"] as { readonly containers: readonly object[] };
  const volumeMounts = ["data", "tmp"].map((folder) => ({ name: folder, mountPath: `/${folder}` }));
  const container = { ...containers[0], command, args: [], ports: [], volumeMounts };
  const readinessProbe = { exec: { command: ready }, periodSeconds: 1 };
  const volumes = ["data", "tmp"].map((folder) => ({ name: folder, emptyDir: {} }));
  return { ...pod, spec: { ...spec, containers: [{ ...container, readinessProbe }], volumes } };
}

function policy(name: string, spec: object): KubeObject & { readonly spec: object } {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { namespace, name }, spec };
}

async function addressOf(service: string): Promise<string> {
  const path = "jsonpath={.status.loadBalancer.ingress[0].ip}";
  return until(
    async () => (await ke.kubectl("-n", namespace, "get", "service", service, "-o", path)) || undefined,
    {
      timeout: 20_000,
      what: `an address for ${service}`,
    },
  );
}

/** What a pod gets from a URL, or "blocked" when no answer comes in time. */
function fetched(cluster: RunningCluster, pod: string, url: string): Promise<string> {
  const look = `await fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(1500) }).then((r) => r.text(), () => "blocked")`;
  // An attempt to connect that was given up keeps the process for ten more seconds.
  const script = `console.log(${look}); process.exit()`;
  return cluster.evaluate(namespace, pod, script);
}

async function becomes(look: () => Promise<string>, wanted: string): Promise<void> {
  let last = "";
  const what = () => `"${wanted}", and it is "${last}"`;
  await until(async () => (last = await look()) === wanted, {
    timeout: 30_000,
    what: "the answer to change",
  }).catch((cause) => {
    throw new Error(what(), { cause });
  });
}

test("a volume belongs to the pod's group, and what is made in it does too", async () => {
  const script = `import fs from "node:fs"; fs.mkdirSync("/data/made"); const s = (p) => { const { gid, mode } = fs.statSync(p); return [gid, (mode & 0o7777).toString(8)]; }; console.log(JSON.stringify([s("/data"), s("/data/made")[0]]))`;
  expect(JSON.parse(await ke.evaluate(namespace, "one", script))).toEqual([[1000, "2770"], 1000]);
});

test("two Services both answer on port 443, each on an address of its own, from the host and from another cluster", async () => {
  const [one, two] = [await addressOf("one"), await addressOf("two")];
  expect(one).not.toBe(two);
  for (const [address, answer] of [
    [one, "one"],
    [two, "two"],
  ] as const) {
    await becomes(
      () =>
        fetch(`http://${address}:443/`).then(
          (response) => response.text(),
          () => "nothing",
        ),
      answer,
    );
    await becomes(() => fetched(eu, "abroad", `http://${address}:443/`), answer);
  }
});

test("a Secret is not readable in etcd's files", async () => {
  const [hidden, shown] = [
    `hidden-${randomBytes(16).toString("hex")}`,
    `shown-${randomBytes(16).toString("hex")}`,
  ];
  await ke.apply(
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: "s" },
      data: { value: Buffer.from(hidden).toString("base64") },
    } as Manifest,
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name: "c" },
      data: { value: shown },
    } as Manifest,
  );
  const wal = join(ke.folder.etcd, "member/wal");
  const bytes = Buffer.concat(
    await Promise.all((await readdir(wal)).map((file) => readFile(join(wal, file)))),
  );
  // The ConfigMap proves that the look is in the right place.
  expect(bytes.includes(shown)).toBe(true);
  expect(bytes.includes(hidden)).toBe(false);
  const secret = await ke.client.get(secrets, { namespace, name: "s" });
  expect(Buffer.from(secret?.data?.["value"] ?? "", "base64").toString()).toBe(hidden);
});

test("the images of Postgres and Redis run without root and on a read-only root", async () => {
  const image = (name: string) => ke.images[name] ?? "";
  const postgres = [
    "sh",
    "-c",
    "initdb -D /data/pg -U postgres --auth=trust && exec postgres -D /data/pg -k /tmp",
  ];
  await ke.apply(
    storePod("postgres", image("postgres"), postgres, ["pg_isready", "-h", "127.0.0.1"]),
    storePod("redis", image("redis"), ["redis-server", "--dir", "/data"], ["redis-cli", "ping"]),
  );
  await Promise.all(["postgres", "redis"].map((name) => ke.podReady(namespace, name)));
  // The agent beside Postgres is one of our own programs.
  expect(await ke.evaluate(namespace, "postgres", "console.log(process.version)")).toMatch(/^v24\./);
});

test("a NetworkPolicy lets in whom it names and nobody else, and probes go on", async () => {
  const url = "http://one:443/";
  expect(await fetched(ke, "two", url)).toBe("one");
  expect(await fetched(ke, "stranger", url)).toBe("one");
  const from = [{ podSelector: { matchLabels: { name: "two" } } }];
  const ingress = [{ from, ports: [{ port: "http" }] }];
  await ke.apply(
    policy("one-from-two", {
      podSelector: { matchLabels: { name: "one" } },
      policyTypes: ["Ingress"],
      ingress,
    }),
  );
  await becomes(() => fetched(ke, "stranger", url), "blocked");
  expect(await fetched(ke, "two", url)).toBe("one");
  const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  expect(await ke.kubectl("-n", namespace, "get", "pod", "one", "-o", ready)).toBe("True");
});

test("a NetworkPolicy keeps a pod in, DNS and API server included, until it opens a way", async () => {
  const api = `https://${ke.plan.apiService}/`;
  const answers = `import dns from "node:dns/promises"; import net from "node:net"; const r = new dns.Resolver({ timeout: 700, tries: 1 });
    const name = await r.resolve4("two.${namespace}.svc.cluster.local").then(() => "name", () => "no name");
    const tcp = await new Promise((done) => { const s = net.connect({ host: new URL("${api}").hostname, port: 443, timeout: 1000 }); s.on("connect", () => done("api")).on("error", () => done("no api")).on("timeout", () => done("no api")); });
    console.log(name + ", " + tcp); process.exit()`;
  const look = () => ke.evaluate(namespace, "stranger", answers);
  expect(await look()).toBe("name, api");
  const podSelector = { matchLabels: { name: "stranger" } };
  await ke.apply(policy("stranger", { podSelector, policyTypes: ["Egress"] }));
  await becomes(look, "no name, no api");
  const to = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }];
  const egress = [{ to, ports: [{ protocol: "UDP", port: 53 }] }];
  await ke.apply(policy("stranger", { podSelector, policyTypes: ["Egress"], egress }));
  await becomes(look, "name, no api");
});

test("the audit log has a line for a write, and none of the body", async () => {
  const marker = `body-${randomBytes(8).toString("hex")}`;
  await ke.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: "audited" },
    data: { marker },
  } as Manifest);
  const log = await readFile(join(ke.folder.logs, "audit.log"), "utf8");
  expect(log).toContain(`"name":"audited"`);
  expect(log).not.toContain(marker);
});

test("a pod that asks for more than the baseline is refused", async () => {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { namespace: "default", name: "privileged" } };
  const container = { name: "c", image: "i", securityContext: { privileged: true } };
  await expect(ke.apply({ ...pod, spec: { containers: [container] } } as Manifest)).rejects.toThrow(
    "baseline",
  );
});

test("autoscaling has measurements of pods", async () => {
  const measured = await until(
    async () => {
      const lines = await ke.kubectl("top", "pods", "-n", "kube-system", "--no-headers");
      return lines.includes("coredns") ? lines : undefined;
    },
    { timeout: 60_000, what: "measurements of CoreDNS" },
  );
  expect(measured).toMatch(/coredns\S+\s+\d+m\s+\d+Mi/);
});
