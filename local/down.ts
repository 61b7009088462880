import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { clusterFolder } from "./cluster/cluster.ts";
import { heal } from "./cluster/fault.ts";
import { removeBridge } from "./cluster/network.ts";
import { stopCluster } from "./cluster/stop.ts";
import { removalSteps } from "./existing/removal.ts";
import { openContext } from "./existing/steps.ts";
import { contextOf } from "./existing/target.ts";
import { type Installation, installation } from "./installation.ts";
import { restoreLimit } from "./kernel-limit.ts";
import { withLock } from "./lock.ts";
import { cacheFolder, contextFolder } from "./paths.ts";
import { runSteps, type Step, StepError, watched } from "./step.ts";

/** What takes everything of an instance away, and nothing else. Each step is safe to repeat. */
function steps(here: Installation, purge: boolean): readonly Step[] {
  const { instance, run, cache } = here;
  return [
    {
      name: "clusters",
      async run() {
        await heal(here);
        await Promise.all(instance.clusters.map((plan) => stopCluster(plan, clusterFolder(run, plan.name))));
        await removeBridge(instance);
        return undefined;
      },
    },
    {
      name: "state",
      async run() {
        await removeFolder(run);
        const others = await otherInstances(run);
        if (!others.some((name) => /^\d+$/.test(name))) await restoreLimit(dirname(run));
        return undefined;
      },
    },
    ...(purge ? [{ name: "caches", run: () => removeCaches(cache, run) }] : []),
  ];
}

/** Removes a folder unless something is still mounted in it, which would be emptied too. */
async function removeFolder(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  const mounted = mounts.find((path) => path.startsWith(`${folder}/`));
  if (mounted !== undefined) throw new Error(`${mounted} is still mounted; unmount it, then try again`);
  await rm(folder, { recursive: true, force: true });
}

async function removeCaches(cache: string, run: string): Promise<string | undefined> {
  const others = await otherInstances(run);
  if (others.length > 0) return `kept: ${others.join(", ")} still uses them`;
  await removeFolder(join(cache, "run"));
  await removeFolder(cache);
  return undefined;
}

/** The instances and contexts whose state is there, when our own is gone. */
async function otherInstances(run: string): Promise<readonly string[]> {
  const names = existsSync(dirname(run)) ? await readdir(dirname(run)) : [];
  return names.filter((name) => /^(\d+|context-.+)$/.test(name) && name !== basename(run));
}

async function takeDown(lock: string, work: readonly Step[]): Promise<void> {
  const { say, begin } = watched(process.stdout);
  await withLock(lock, 60_000, () => runSteps(work, say, () => performance.now(), begin));
}

try {
  const context = contextOf(process.env);
  if (context === undefined) {
    const here = installation(process.env);
    await takeDown(`instance ${here.instance.instance}`, steps(here, process.env["PURGE"] === "1"));
  } else {
    const folder = contextFolder(process.env, context);
    const cluster = () => openContext(cacheFolder(process.env), context, folder);
    await takeDown(`context ${context}`, removalSteps(cluster, folder));
  }
} catch (error) {
  if (!(error instanceof StepError) && !(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
