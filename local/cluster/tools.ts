import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, contentKey } from "../toolchain/cache.ts";
import { debianTree } from "../toolchain/debian.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";

/** The programs that a cluster is made of. */
export interface Tools {
  /** Folder with kube-apiserver, kubelet, kubectl, etcd, pause, … */
  readonly kubernetes: string;
  /** Folder with containerd, ctr, runc, nft, …, each of which finds its own libraries. */
  readonly containers: string;
  /** Folder with the CNI plugins. */
  readonly network: string;
  /** What encrypts folders: `local/go/volumes`. */
  readonly volumeKey: string;
  /** The container packages, by the name of their unpacked tree: part of what the image store depends on. */
  readonly version: string;
}

const PACKAGES = ["containerd", "runc", "containernetworking-plugins", "nftables"];

/** The programs, fetched and compiled on the first use. */
export async function clusterTools(cache: string): Promise<Tools> {
  const kubernetes = await goPrograms(cache, GO_MODULES.kube);
  const volumeKey = join(await goPrograms(cache, GO_MODULES.volumes), GO_MODULES.volumes.output);
  const tree = await debianTree(cache, PACKAGES);
  const key = contentKey("tools 1", tree.root);
  const containers = await cached({ cache, kind: "tools", key }, async (folder) => {
    for (const from of ["usr/bin", "usr/sbin"]) {
      for (const name of await readdir(join(tree.root, from)).catch(() => [])) {
        await wrap(join(tree.root, from, name), tree.libraries, join(folder, name));
      }
    }
    await mkdir(folder, { recursive: true });
  });
  return { kubernetes, containers, network: join(tree.root, "usr/lib/cni"), volumeKey, version: key };
}

/** A start script instead of a global LD_LIBRARY_PATH: only this one program sees the unpacked libraries. */
async function wrap(program: string, libraries: string, to: string): Promise<void> {
  await writeFile(to, `#!/bin/sh\nLD_LIBRARY_PATH=${libraries} exec ${program} "$@"\n`);
  await chmod(to, 0o755);
}
