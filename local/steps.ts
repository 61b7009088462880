import { dirname } from "node:path";
import { applyAddons, waitForNode } from "./cluster/apply-addons.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { imageStore } from "./cluster/image-store.ts";
import { importImages } from "./cluster/images.ts";
import { ensureBridge } from "./cluster/network.ts";
import { startCluster } from "./cluster/start.ts";
import { ensureVolumeDisk, plainVolumes } from "./cluster/volume-disk.ts";
import { raiseLimit } from "./kernel-limit.ts";
import { type Installation, publish } from "./installation.ts";
import type { Step } from "./step.ts";
import { sweep } from "./toolchain/cache.ts";
import { GO_MODULES, goPrograms } from "./toolchain/go.ts";

/** How many entries of a kind are kept: enough for a few branches of the repository at once. */
const KEPT = [
  ["images", 40],
  ["layers", 40],
  ["store", 3],
] as const;

/** What brings the clusters up, in order. Each finds what an earlier run has done. */
export function clusterSteps(installation: Installation): readonly Step[] {
  const { cache, instance, tools, foundation, apps, clusters } = installation;
  const compile = (name: keyof typeof GO_MODULES) => async () =>
    void (await goPrograms(cache, GO_MODULES[name]));
  const each = async <T>(work: (cluster: Cluster) => Promise<T>) => Promise.all((await clusters()).map(work));
  return [
    { name: "kernel limits", run: () => raiseLimit(dirname(installation.run)) },
    { name: "Kubernetes programs", run: nothing(compile("kube")) },
    { name: "DNS server", run: nothing(compile("dns")) },
    { name: "metrics server", run: nothing(compile("metrics")) },
    { name: "container programs", run: nothing(tools) },
    { name: "foundation images", run: nothing(foundation) },
    { name: "image store", run: nothing(async () => imageStore(cache, await foundation(), await tools())) },
    { name: "volume encryption", run: nothing(compile("volumes")) },
    {
      name: "disks for volumes",
      async run() {
        const [reason] = (await each((cluster) => ensureVolumeDisk(cluster, process.env))).filter(
          (each) => each !== undefined,
        );
        return reason === undefined ? undefined : plainVolumes(reason);
      },
    },
    {
      name: "clusters",
      async run() {
        await ensureBridge(instance);
        const store = await imageStore(cache, await foundation(), await tools());
        const outcomes = await each((cluster) => startCluster(cluster, store, new Date()));
        return outcomes.every((outcome) => outcome === "running") ? "already up" : undefined;
      },
    },
    { name: "cluster services", run: nothing(() => each(applyAddons)) },
    {
      name: "images of our own",
      async run() {
        const images = [...Object.values(await foundation()), ...Object.values(await apps())];
        const imported = await each((cluster) => importImages(cluster, images));
        await publish(installation);
        return imported.some((count) => count > 0)
          ? Object.values(await apps())
              .map(({ reference }) => reference.replace(/.*\//, ""))
              .join(", ")
          : undefined;
      },
    },
    { name: "nodes", run: nothing(() => each(waitForNode)) },
    {
      name: "old caches",
      run: nothing(async () => {
        // Each edit of the sources leaves two archives and a layer, each change of the packages a store.
        for (const [kind, keep] of KEPT) await sweep(cache, kind, keep);
      }),
    },
  ];
}

function nothing(work: () => Promise<unknown>): Step["run"] {
  return async () => {
    await work();
    return undefined;
  };
}
