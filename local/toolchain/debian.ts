import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { arch } from "node:process";
import { join } from "node:path";
import { CommandError, run } from "../command.ts";
import { withLock } from "../lock.ts";
import { cached, contentKey } from "./cache.ts";

/** Debian packages, unpacked in the cache and never installed: nothing of the machine's own is changed or started. */
export interface DebianTree {
  /** Root folder that looks like `/`. */
  readonly root: string;
  /** Value for LD_LIBRARY_PATH. */
  readonly libraries: string;
}

/** Raise it when the way of unpacking changes, so that older trees are not taken for new ones. */
const LAYOUT = "2";

/** What every machine with Node has, or what only installation scripts and just-in-time compilers want. */
const LEFT_OUT =
  /^lib(c6|c-|gcc|stdc\+\+|llvm|z3|perl|json-perl|pam-modules|debian|newt|slang|textwrap|semanage|sepol|db5|gdbm)/;

/** How Debian calls the architecture Node runs on. */
export const DEBIAN_ARCHITECTURE = arch === "arm64" ? "arm64" : "amd64";

/** The folder name of shared libraries for this architecture, as in `/usr/lib/<it>`. */
export const MULTIARCH = arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

const QUIET = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };

/**
 * Packages and the shared libraries they need, unpacked into one tree.
 *
 * @param packages names, whose own files are wanted.
 * @throws CommandError when apt knows no such package or cannot reach its archive.
 */
export async function debianTree(
  cache: string,
  packages: readonly string[],
  { libraries = true }: { readonly libraries?: boolean } = {},
): Promise<DebianTree> {
  const key = contentKey(LAYOUT, DEBIAN_ARCHITECTURE, String(libraries), [...packages].sort().join(" "));
  const root = await cached({ cache, kind: "debian", key }, async (folder) => {
    const names = libraries ? [...new Set([...packages, ...(await neededLibraries(packages))])] : packages;
    const files = await packageFiles(cache, names);
    await unpack(files, folder);
    await writeFile(
      join(folder, "packages.txt"),
      `${files.map((file) => file.replace(/.*\//, "")).join("\n")}\n`,
    );
  });
  return {
    root,
    libraries: [`usr/lib/${MULTIARCH}`, `lib/${MULTIARCH}`].map((at) => join(root, at)).join(":"),
  };
}

/** The shared library packages among everything that packages depend on, in alphabetical order. */
export async function neededLibraries(packages: readonly string[]): Promise<readonly string[]> {
  const kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances", "pre-depends"];
  const args = ["depends", "--recurse", ...kinds.map((kind) => `--no-${kind}`), ...packages];
  return librariesIn(await withFreshLists(() => run("apt-cache", args, { env: QUIET })));
}

/** The library packages in what `apt-cache depends --recurse` printed, without {@link LEFT_OUT}. */
export function librariesIn(listing: string): readonly string[] {
  const found = [...listing.matchAll(/Depends: (\S+)$/gm)].map(([, name]) => name ?? "");
  return [...new Set(found)]
    .filter((name) => /^(lib|zlib)/.test(name) && !/[<>:]/.test(name) && !LEFT_OUT.test(name))
    .sort();
}

/**
 * Unpacks package files into a folder, in order.
 *
 * A folder that is a symbolic link there (`lib` → `usr/lib`) stays one, as on an installed system.
 */
export async function unpack(files: readonly string[], folder: string): Promise<void> {
  const script =
    'for file in "$@"; do dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink || exit 1; done';
  await run("sh", ["-c", script, "unpack", ...files], { cwd: folder });
}

/** The `.deb` files of packages; those the cache has not yet are fetched. */
export async function packageFiles(cache: string, names: readonly string[]): Promise<readonly string[]> {
  const folder = join(cache, "debian", "packages");
  const arriving = join(folder, "arriving");
  return withLock(folder, 10 * 60_000, async () => {
    await rm(arriving, { recursive: true, force: true });
    await mkdir(arriving, { recursive: true });
    const have = await readdir(folder);
    const missing = names.filter((name) => !have.some((file) => file.startsWith(`${name}_`)));
    if (missing.length > 0) {
      const quiet = ["-qq", "-o", "APT::Sandbox::User=root"];
      await withFreshLists(() =>
        run("apt-get", ["download", ...quiet, ...missing], { cwd: arriving, env: QUIET }),
      );
      for (const file of await readdir(arriving)) await rename(join(arriving, file), join(folder, file));
    }
    const now = await readdir(folder);
    return names.map((name) => join(folder, now.find((file) => file.startsWith(`${name}_`)) ?? name));
  });
}

/** A new machine has no package lists, an old one may have lists whose files are gone: in both cases they are read once anew. */
async function withFreshLists(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    await run("apt-get", ["update", "-qq"], { env: QUIET });
    return work();
  }
}

/** The path of a file of a tree. @throws Error when the packages hold no such file. */
export function fileOf(tree: DebianTree, path: string): string {
  const full = join(tree.root, path);
  if (!existsSync(full)) throw new Error(`the Debian packages in ${tree.root} hold no ${path}`);
  return full;
}
