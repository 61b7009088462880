import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { contentKey } from "../toolchain/cache.ts";
import {
  DEBIAN_ARCHITECTURE,
  MULTIARCH,
  neededLibraries,
  packageFiles,
  unpack,
} from "../toolchain/debian.ts";
import { layer } from "./layer.ts";
import type { Layer } from "./oci.ts";

/** The C and C++ libraries that Node wants, certificates, and a small set of tools. */
const BASE = [
  "libc6",
  "libc-bin",
  "libgcc-s1",
  "gcc-12-base",
  "libstdc++6",
  "busybox",
  "ca-certificates",
  "netbase",
];

/** Every process of our images runs as this user unless its pod says otherwise. */
export const IMAGE_USER = 1000;

const PASSWD = `root:x:0:0:root:/root:/bin/sh
wekeza:x:${IMAGE_USER}:${IMAGE_USER}::/tmp:/bin/sh
nobody:x:65534:65534::/nonexistent:/bin/false
`;

/** What a program never reads: manuals, translations, character sets, just-in-time compilers, start-up files. */
const UNREAD = [
  "etc/init.d",
  "etc/logrotate.d",
  `usr/lib/${MULTIARCH}/gconv`,
  "usr/lib/postgresql/15/lib/bitcode",
  "usr/lib/postgresql/15/lib/llvmjit.so",
  "usr/lib/systemd",
  ...["bug", "doc", "lintian", "locale", "man", "perl", "perl5"].map((name) => `usr/share/${name}`),
];

/** The lowest layer of every image but those of static Go programs. */
export function baseLayer(cache: string): Promise<Layer> {
  return layer(cache, contentKey("base 2", DEBIAN_ARCHITECTURE, ...BASE, PASSWD), async (root) => {
    await skeleton(root);
    await unpack(await packageFiles(cache, BASE), root);
    await forget(root);
    const certificates = join(root, "usr/share/ca-certificates/mozilla");
    const bundle = await Promise.all(
      (await readdir(certificates)).sort().map((name) => readFile(join(certificates, name))),
    );
    await mkdir(join(root, "etc/ssl/certs"), { recursive: true });
    await writeFile(join(root, "etc/ssl/certs/ca-certificates.crt"), Buffer.concat(bundle));
    await writeFile(join(root, "etc/passwd"), PASSWD);
    await writeFile(join(root, "etc/group"), `root:x:0:\nwekeza:x:${IMAGE_USER}:\nnogroup:x:65534:\n`);
    await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
    const tools = (await run(join(root, "usr/bin/busybox"), ["--list"])).trim().split("\n");
    const have = new Set(await readdir(join(root, "usr/bin")));
    for (const tool of tools) if (!have.has(tool)) await symlink("busybox", join(root, "usr/bin", tool));
  });
}

/** A layer of Debian packages and the libraries they need, to lie over {@link baseLayer}. */
export function packageLayer(cache: string, name: string, packages: readonly string[]): Promise<Layer> {
  return layer(cache, contentKey("packages 3", DEBIAN_ARCHITECTURE, name, ...packages), async (root) => {
    await skeleton(root);
    await unpack(await packageFiles(cache, [...packages, ...(await neededLibraries(packages))]), root);
    await forget(root);
  });
}

/** The folders of a merged-/usr system; packages that still name `/lib` then unpack into `/usr/lib`. */
export async function skeleton(root: string): Promise<void> {
  const folders = [
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib64",
    "etc",
    "tmp",
    "var/tmp",
    "root",
    "proc",
    "sys",
    "dev",
    "run",
  ];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  for (const folder of ["tmp", "var/tmp"]) await chmod(join(root, folder), 0o1777);
}

async function forget(root: string): Promise<void> {
  for (const path of UNREAD) await rm(join(root, path), { recursive: true, force: true });
}
