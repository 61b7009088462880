import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { arch } from "node:process";
import { basename, join } from "node:path";
import { run } from "../command.ts";
import { REPOSITORY } from "../paths.ts";
import { contentKey } from "../toolchain/cache.ts";
import { layer } from "./layer.ts";
import type { Layer } from "./oci.ts";

/** The folders of this repository that run inside a cluster. */
const SOURCES = ["crds", "key-store", "kube", "operator", "runtime"];

/** Never needed at run time: types, maps, texts, tests of packages. They are more than half of node_modules. */
const NOT_RUN = /(\.d\.[cm]?ts|\.map|\.md|\.markdown|\.tsbuildinfo)$/i;

/** Node itself, from the npm package that holds nothing else, without symbols. */
export async function nodeLayer(cache: string): Promise<Layer> {
  const node = join(REPOSITORY, `node_modules/node-linux-${arch}/bin/node`);
  const version = await readFile(join(REPOSITORY, `node_modules/node-linux-${arch}/package.json`), "utf8");
  return layer(cache, contentKey("node 1", arch, version), async (root) => {
    const to = join(root, "usr/local/bin/node");
    await mkdir(join(root, "usr/local/bin"), { recursive: true });
    await cp(node, to, { dereference: true });
    // Saves a fifth; a machine without binutils gets the larger layer.
    await run("strip", ["-s", to]).catch(() => "");
  });
}

/** The packages that run in production, exactly as locked. Made anew only when the lock file changes. */
export async function modulesLayer(cache: string): Promise<Layer> {
  const files = ["package.json", "package-lock.json"];
  const lock = await readFile(join(REPOSITORY, "package-lock.json"));
  return layer(cache, contentKey("modules 1", arch, lock), async (root) => {
    const app = join(root, "app");
    await mkdir(app);
    for (const file of files) await cp(join(REPOSITORY, file), join(app, file));
    const omit = ["--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", ["ci", "--prefer-offline", ...omit], { cwd: app });
    await run("find", [
      join(app, "node_modules"),
      "-type",
      "f",
      "-regextype",
      "posix-extended",
      "-iregex",
      find(NOT_RUN),
      "-delete",
    ]);
    await run("rm", [
      "-f",
      ...files.map((file) => join(app, file)),
      join(app, "node_modules/.package-lock.json"),
    ]);
    await run("chmod", ["-R", "u+rwX,go+rX,go-w", root]);
  });
}

/** Our own sources: the only layer that an edit changes. */
export async function sourcesLayer(cache: string): Promise<Layer> {
  const files = await sourceFiles();
  const contents = await Promise.all(files.map((file) => readFile(join(REPOSITORY, file))));
  return layer(cache, contentKey("sources 1", ...files, ...contents), async (root) => {
    for (const file of files) await cp(join(REPOSITORY, file), join(root, "app", file));
    await run("chmod", ["-R", "u+rwX,go+rX,go-w", root]);
  });
}

/** Paths within the repository, in a fixed order, without tests. */
async function sourceFiles(): Promise<readonly string[]> {
  const found: string[] = ["package.json"];
  for (const folder of SOURCES.filter((name) => existsSync(join(REPOSITORY, name)))) {
    const entries = await readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(REPOSITORY.length + 1);
      if (entry.isFile() && runs(path)) found.push(path);
    }
  }
  return found.sort();
}

/** Whether a source file has a part in the running program. */
export function runs(path: string): boolean {
  return !/(^|\/)(golden|testing|node_modules)\//.test(path) && !/\.test\.ts$|\.md$/.test(basename(path));
}

/** A regular expression for find(1), which matches the whole path. */
function find({ source }: RegExp): string {
  return `.*${source.replace(/\$$/, "")}`;
}
