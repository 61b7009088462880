import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Image } from "../image/archive.ts";
import type { Cluster, ClusterFolder } from "./cluster.ts";
import { runInside } from "./namespaces.ts";
import { readState } from "./process-state.ts";

/** Remembers which images a cluster's store holds, so that none is imported twice. */
export async function markImported(folder: ClusterFolder, images: readonly Image[]): Promise<void> {
  await mkdir(markers(folder), { recursive: true });
  for (const image of images) await writeFile(marker(folder, image), image.reference);
}

/** Imports the images that a running cluster does not have yet. @returns how many those were. */
export async function importImages(cluster: Cluster, images: readonly Image[]): Promise<number> {
  const missing = images.filter((image) => !existsSync(marker(cluster.folder, image)));
  const state = await readState(cluster.folder);
  if (missing.length === 0) return 0;
  if (state === undefined) throw new Error(`cluster ${cluster.plan.name} is not up`);
  const ctr = [join(cluster.tools.containers, "ctr"), "--namespace", "k8s.io", "images"];
  for (const image of missing) {
    await runInside(state.first, [...ctr, "import", image.archive]);
    await runInside(state.first, [...ctr, "label", image.reference, "io.cri-containerd.image=managed"]);
    await markImported(cluster.folder, [image]);
  }
  return missing.length;
}

// Beside the store's own files: who removes the store removes the memory of it.
function markers(folder: ClusterFolder): string {
  return join(folder.containerd, "imported");
}

function marker(folder: ClusterFolder, { digest }: Image): string {
  return join(markers(folder), digest.replace(":", "-"));
}
