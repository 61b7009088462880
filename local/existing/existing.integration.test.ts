import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheFolder } from "../paths.ts";
import { until } from "../../kube/testing/until.ts";
import { apply, type Kubectl } from "../platform/kubectl.ts";
import type { Manifest } from "../platform/secrets.ts";
import { createTrust, type Trust } from "../platform/trust.ts";
import { runSteps } from "../step.ts";
import { type ControlPlane, startControlPlane } from "../testing/control-plane.ts";
import { kubeProgram } from "../toolchain/go.ts";
import { clusterFacts } from "./cluster-facts.ts";
import { exampleResources, HERE, HOSTS } from "./examples.ts";
import { install, type References } from "./install.ts";
import { contextKubectl } from "./kubeconfig.ts";
import { removalSteps } from "./removal.ts";
import { existingStatus } from "./status.ts";

interface Config {
  readonly clusters: readonly object[];
  readonly users: readonly object[];
  readonly contexts: readonly { readonly name: string; readonly context: object }[];
}

const REFERENCES: References = {
  wekeza: "registry.example/bank/wekeza:0123456789ab",
  postgres: "registry.example/bank/postgres:0123456789ab",
  redis: "registry.example/bank/redis:0123456789ab",
  coredns: "registry.example/bank/coredns:0123456789ab",
};

let plane: ControlPlane;
let folder: string;
let run: string;
let program: string;
let environment: NodeJS.ProcessEnv;
let cluster: Kubectl;
let trust: Trust;

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true });
  folder = await mkdtemp(join(tmpdir(), "existing-"));
  run = join(folder, "run");
  program = await kubeProgram(cacheFolder(process.env), "kubectl");
  const config = parse(plane.kubeconfig) as Config;
  const [own] = config.contexts;
  const file = join(folder, "config");
  const stranger = (parse(await plane.kubeconfigFor("stranger")) as Config).users;
  const contexts = [
    { name: "bank/production", context: own?.context },
    { name: "stranger", context: { ...own?.context, user: "stranger" } },
  ];
  const users = [...config.users, ...stranger.map((user) => ({ ...user, name: "stranger" }))];
  // The present context is another one: nothing may follow it.
  await writeFile(file, stringify({ ...config, contexts, users, "current-context": "stranger" }));
  environment = { KUBECONFIG: file };
  cluster = await contextKubectl(program, "bank/production", run, environment);
  trust = await createTrust({ regions: [HERE], hosts: { [HERE]: Object.values(HOSTS) } }, new Date());
});
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true, force: true });
});

test("of the user's kubeconfig one context is copied, for this user's eyes alone", async () => {
  const copy = join(run, "hub.kubeconfig");
  const { contexts, users } = parse(await readFile(copy, "utf8")) as Config;
  expect(contexts.map(({ name }) => name)).toEqual(["bank/production"]);
  expect(users).toHaveLength(1);
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  expect((await stat(run)).mode & 0o777).toBe(0o700);
});

test("an unknown context lists the known ones, and changes nothing", async () => {
  const elsewhere = join(folder, "elsewhere");
  await expect(contextKubectl(program, "bank", elsewhere, environment)).rejects.toThrow(
    `${environment["KUBECONFIG"]} has no context bank; it has: bank/production, stranger`,
  );
  await expect(stat(elsewhere)).rejects.toThrow("ENOENT");
});

test("who may not do everything is found out before anything is written", async () => {
  const kubectl = await contextKubectl(program, "stranger", join(folder, "stranger"), environment);
  expect(await clusterFacts("stranger", kubectl)).toMatchObject({ mayEverything: false });
});

test("hub and region fit into one cluster, are found again, and go without a trace", async () => {
  await apply(cluster, neighbours());
  const before = await everything();
  expect(await clusterFacts("bank", cluster)).toMatchObject({
    mayEverything: true,
    version: expect.stringMatching(/^v1\.\d+/),
    architectures: [],
    defaultStorage: false,
    namespaces: [],
    authority: undefined,
  });

  for (const _again of [1, 2]) await install(cluster, REFERENCES, trust);
  await apply(cluster, await exampleResources("KE"));
  await apply(cluster, [stackOf(HERE)]);
  const facts = await clusterFacts("bank", cluster);
  expect(facts.authority?.trim()).toBe(trust.partner.intermediateCertificate.trim());
  expect(facts.namespaces.filter(({ ours }) => !ours)).toEqual([]);
  expect(facts.namespaces.map(({ name }) => name)).toContain(`stack-${HERE}`);

  // Pods come after their Deployments.
  const told = await until("status", async () => {
    const text = await existingStatus("bank", cluster);
    return /^NAMESPACE +PODS READY +RESTARTS$/m.test(text) && text;
  });
  expect(told).toContain("failovergroup.openbanking.wekeza.io/here");

  const steps = removalSteps(async () => cluster, run);
  await runSteps(
    steps.slice(0, -1),
    () => undefined,
    () => 0,
  );
  expect(await everything()).toEqual(before);
  // Once more, with nothing left.
  await runSteps(
    steps,
    () => undefined,
    () => 0,
  );
  await expect(stat(run)).rejects.toThrow("ENOENT");
});

/** What somebody else has in the cluster, named and labelled as closely to ours as may be. */
function neighbours(): readonly Manifest[] {
  const labels = { "app.kubernetes.io/part-of": "wekeza-bank" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "wekeza", labels } as Manifest["metadata"] },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "wekeza:visitor" },
      rules: [],
    },
  ];
}

/** A stack's namespace as the operator leaves it when nobody waits for its end. */
function stackOf(group: string): Manifest {
  const labels = { "app.kubernetes.io/managed-by": "wekeza-operator" };
  const metadata: Manifest["metadata"] & { readonly labels: object } = { name: `stack-${group}`, labels };
  return { apiVersion: "v1", kind: "Namespace", metadata };
}

/** Kind, namespace and name of every object but Events, Leases, and what the control plane itself still fills in. */
async function everything(): Promise<readonly string[]> {
  const kinds = (await cluster(["api-resources", "--verbs=list", "--output=name"]))
    .trim()
    .split("\n")
    .filter((kind) => !/^(events|leases)(\.|$)/.test(kind));
  const columns = "jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{'\\n'}{end}";
  const found = await cluster(["get", kinds.join(","), "--all-namespaces", `--output=${columns}`]);
  const own = / kube-|ServiceAccount \S+\/default$|\/kube-root-ca\.crt$/;
  return found
    .trim()
    .split("\n")
    .filter((line) => !own.test(line))
    .sort();
}
