import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { importImages } from "../../local/cluster/images.ts";
import { wekezaWith } from "../../local/image/images.ts";
import { layer } from "../../local/image/layer.ts";
import { installation } from "../../local/installation.ts";
import { contentKey } from "../../local/toolchain/cache.ts";

/**
 * Brings another version of the platform's own image into every cluster.
 *
 * @param files what differs from the present sources: path below `/app` → text.
 * @returns its reference.
 */
export async function nextImage(files: Readonly<Record<string, string>>): Promise<string> {
  const here = installation(process.env);
  const { wekeza } = await here.apps();
  const more = await layer(here.cache, contentKey("next 1", JSON.stringify(files)), async (root) => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(root, "app", path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  });
  const next = await wekezaWith(here.cache, wekeza, more);
  for (const cluster of await here.clusters()) await importImages(cluster, [next]);
  return next.reference;
}
