import { clusterFolder, type ClusterFolder } from "./cluster/cluster.ts";
import { isUp } from "./cluster/stop.ts";
import { plainVolumes, volumesEncrypted } from "./cluster/volume-disk.ts";
import type { Installation } from "./installation.ts";

/** The part of an {@link Installation} that says where its clusters are. */
export interface ClusterFolders {
  readonly instance: {
    readonly clusters: readonly Pick<Installation["instance"]["clusters"][number], "name">[];
  };
  readonly run: string;
}

/**
 * How the volumes of the clusters that are up lie on the disk, for a person; empty when none is up.
 *
 * @param obstacle why this machine cannot encrypt them, as far as it can be seen from here.
 */
export async function volumeStatus(
  { instance, run }: ClusterFolders,
  obstacle: string | undefined,
): Promise<readonly string[]> {
  const up: { readonly name: string; readonly encrypted: boolean | Error }[] = [];
  for (const { name } of instance.clusters) {
    const folder = clusterFolder(run, name);
    if (await isUp(folder)) up.push({ name, encrypted: await looked(folder) });
  }
  if (up.length > 0 && up.every(({ encrypted }) => encrypted === true))
    return [`volumes are encrypted, each under a key of its own in ${run}/<cluster>/certificates/volumes`];
  return up.flatMap(({ name, encrypted }) => {
    if (encrypted instanceof Error)
      return [`${name}: whether its volumes are encrypted cannot be seen (${encrypted.message})`];
    return [
      `${name}: ${encrypted ? "volumes are encrypted" : plainVolumes(obstacle ?? '"make up" says why')}`,
    ];
  });
}

/** A cluster that ends meanwhile, or whose processes belong to somebody else, shows nothing. */
async function looked(folder: ClusterFolder): Promise<boolean | Error> {
  try {
    return await volumesEncrypted(folder);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
