import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../command.ts";
import { cached } from "../toolchain/cache.ts";
import { REPRODUCIBLE } from "./archive.ts";
import type { Layer } from "./oci.ts";

/**
 * A layer, made on the first use.
 *
 * @param key everything that its content depends on.
 * @param fill puts the files into an empty folder that stands for `/`.
 */
export async function layer(
  cache: string,
  key: string,
  fill: (root: string) => Promise<void>,
): Promise<Layer> {
  const folder = await cached({ cache, kind: "layers", key }, async (at) => {
    const root = join(at, "root");
    const tar = join(at, "layer.tar");
    await mkdir(root, { mode: 0o755 });
    await fill(root);
    await run("tar", ["-C", root, ...REPRODUCIBLE, "-cf", tar, "."]);
    await rm(root, { recursive: true });
    await writeFile(join(at, "digest"), await fileDigest(tar));
  });
  const file = join(folder, "layer.tar");
  return { file, digest: await readFile(join(folder, "digest"), "utf8"), size: (await stat(file)).size };
}

async function fileDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest("hex")}`;
}
