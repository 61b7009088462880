import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubeconfigFileCredentials } from "../kube/kubeconfig.ts";
import { createClient } from "../kube/client.ts";
import type { Manifest } from "../kube/object.ts";
import { configMaps } from "../kube/resources.ts";
import { type ClusterName, planOf } from "./address-plan.ts";
import { clusterFolder } from "./cluster/cluster.ts";
import { readState } from "./cluster/process-state.ts";
import { run } from "./command.ts";
import { cacheFolder, REPOSITORY, runFolder } from "./paths.ts";
import { until } from "./wait.ts";

/** An instance of its own, so that nothing that runs is disturbed. */
const INSTANCE = 11;
const plan = planOf(INSTANCE);
const env = { WEKEZA_INSTANCE: String(INSTANCE) };
const folder = runFolder(process.env, INSTANCE);
const local = (program: string, ...args: readonly string[]) =>
  run(process.execPath, [join(REPOSITORY, "local", program), ...args], { env });

beforeAll(() => local("up.ts", "clusters"));
afterAll(() => local("down.ts"));

async function client(name: ClusterName) {
  const credentials = await kubeconfigFileCredentials(join(folder, `${name}.kubeconfig`));
  return createClient(credentials, { userAgent: "local-e2e", timeoutMs: 2_000, attemptMs: 1_000 });
}

async function answers(name: ClusterName): Promise<boolean> {
  const one = await client(name);
  try {
    await one.get(configMaps, { namespace: "default", name: "kube-root-ca.crt" });
    return true;
  } catch {
    return false;
  } finally {
    await one.close();
  }
}

test("a second up finds everything running and starts nothing", async () => {
  const before = await Promise.all(plan.clusters.map(({ name }) => readState(clusterFolder(folder, name))));
  await local("up.ts", "clusters");
  expect(await Promise.all(plan.clusters.map(({ name }) => readState(clusterFolder(folder, name))))).toEqual(
    before,
  );
});

test.each([
  { fault: "freeze", back: "thaw" },
  { fault: "cut", back: "join" },
] as const)("$fault silences one cluster and not the others, until $back", async ({ fault, back }) => {
  await local("fault.ts", fault, "ke");
  expect([await answers("ke"), await answers("eu")]).toEqual([false, true]);
  await local("fault.ts", back, "ke");
  await until(() => answers("ke"), { timeout: 30_000, what: "ke to answer" });
});

test("a killed cluster is gone at once, and starts again with its data", async () => {
  const before = await client("eu");
  const metadata = { namespace: "default", name: "kept" };
  const kept: Manifest = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { some: "thing" } };
  await before.apply(configMaps, kept, { fieldManager: "e2e" });
  await before.close();
  await local("fault.ts", "kill", "eu");
  expect(await answers("eu")).toBe(false);
  await local("fault.ts", "start", "eu");
  const after = await client("eu");
  expect(await after.get(configMaps, metadata)).toMatchObject({ data: { some: "thing" } });
  await after.close();
});

test("a killed program of a cluster is restarted", async () => {
  const pidFile = join(clusterFolder(folder, "hub").root, "pids/kube-scheduler");
  const before = await readFile(pidFile, "utf8");
  await local("fault.ts", "kill", "hub", "kube-scheduler");
  const after = await until(
    async () => {
      const pid = await readFile(pidFile, "utf8");
      return pid === before ? undefined : pid;
    },
    { timeout: 20_000, what: "a new scheduler" },
  );
  expect(Number(after)).toBeGreaterThan(0);
});

test("down leaves nothing: no process, link, route, mount, cgroup or file", async () => {
  const pids = await processesOf(folder);
  expect(pids.length).toBeGreaterThan(20);
  await local("down.ts");
  expect(await processesOf(folder)).toEqual([]);
  expect((await readdir("/sys/class/net")).filter((name) => name.startsWith(plan.bridge))).toEqual([]);
  expect(await run("ip", ["-4", "route"])).not.toContain(plan.bridge);
  expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(folder);
  expect(await run("losetup", ["--all"])).not.toContain(`${folder}/`);
  const groups = (
    await run("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `${plan.bridge}-*`])
  ).trim();
  expect(groups).toBe("");
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(join(cacheFolder(process.env), "images"))).toBe(true);
});

/** Processes whose command line names the instance's folder, or that belong to one of its cgroups. */
async function processesOf(path: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
      return words.includes(`${path}/`) || groups.includes(`/${plan.bridge}-`) ? [pid] : [];
    }),
  );
  return found.flat();
}
