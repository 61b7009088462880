import { link, mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../command.ts";
import { DEBIAN_ARCHITECTURE } from "../toolchain/debian.ts";
import { blobPath, type ImageConfig, imageDocuments, type Layer } from "./oci.ts";

/** An image that is ready to be imported. */
export interface Image {
  readonly name: string;
  /** What a pod names. */
  readonly reference: string;
  readonly digest: string;
  /** OCI archive (tar). */
  readonly archive: string;
  /** All of them, lowest first. */
  readonly layers: readonly Layer[];
  /** The rest of the image, by the file name in an archive, as {@link imageDocuments} makes it. */
  readonly documents: Readonly<Record<string, string>>;
}

export interface ImageSpec {
  readonly name: string;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  /** How many of the last layers travel in the archive; the rest must be in the store already. All, when absent. */
  readonly carried?: number;
}

/** tar(1) options that make equal folders equal files, whoever owns them and whenever they were made. */
export const REPRODUCIBLE = [
  "--format=gnu",
  "--sort=name",
  "--mtime=@0",
  "--owner=0",
  "--group=0",
  "--numeric-owner",
];

/** The archive of an image; it is written only when the cache does not hold it yet. */
export async function image(cache: string, { name, config, layers, carried }: ImageSpec): Promise<Image> {
  const { digest, reference, files } = imageDocuments(name, config, layers, DEBIAN_ARCHITECTURE);
  const folder = join(cache, "images");
  const archive = join(folder, `${reference.replace(/.*\//, "").replace(":", "-")}.tar`);
  if (!existsSync(archive)) {
    await mkdir(folder, { recursive: true });
    const root = await mkdtemp(join(folder, "unfinished-"));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    for (const layer of layers.slice(-(carried ?? layers.length)))
      await link(layer.file, join(root, blobPath(layer.digest)));
    const finished = join(root, "image.tar");
    await run("tar", ["-C", root, ...REPRODUCIBLE, "-cf", finished, "oci-layout", "index.json", "blobs"]);
    await rename(finished, archive);
    await rm(root, { recursive: true });
  }
  const now = new Date();
  // The time of last use, for `sweep`.
  await utimes(archive, now, now);
  return { name, reference, digest, archive, layers, documents: files };
}
