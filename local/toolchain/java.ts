import { lstat, readdir, readlink, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { run } from "../command.ts";
import { cached, contentKey } from "./cache.ts";
import { DEBIAN_ARCHITECTURE, MULTIARCH, packageFiles, unpack } from "./debian.ts";

/** The Java runtime, and the one library of Debian's that it wants beside the C library; sound and printing stay out. */
export const JAVA_PACKAGES = ["openjdk-17-jre-headless", "zlib1g"] as const;

/** Path of the program in Debian's package. */
export const JAVA_PROGRAM = `usr/lib/jvm/java-17-openjdk-${DEBIAN_ARCHITECTURE}/bin/java`;

/** A Java runtime out of Debian's packages, unpacked and never installed. */
export interface Java {
  readonly program: string;
  /** Value for LD_LIBRARY_PATH. */
  readonly libraries: string;
}

/** The Java runtime, unpacked on the first use. */
export async function javaRuntime(cache: string): Promise<Java> {
  const key = contentKey("1", DEBIAN_ARCHITECTURE, ...JAVA_PACKAGES);
  const root = await cached({ cache, kind: "java", key }, async (folder) => {
    await unpack(await packageFiles(cache, JAVA_PACKAGES), folder);
    await bringLinksHome(folder);
    await run(join(folder, JAVA_PROGRAM), ["-version"], { env: { LD_LIBRARY_PATH: librariesOf(folder) } });
  });
  return { program: join(root, JAVA_PROGRAM), libraries: librariesOf(root) };
}

function librariesOf(root: string): string {
  return [`usr/lib/${MULTIARCH}`, `lib/${MULTIARCH}`].map((at) => join(root, at)).join(":");
}

/** The package's own files are linked to `/etc`, where nothing of it is as long as it is not installed. */
async function bringLinksHome(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) {
    const path = join(root, name);
    if (!(await lstat(path)).isSymbolicLink()) continue;
    const target = await readlink(path);
    if (!target.startsWith("/")) continue;
    await rm(path);
    await symlink(relative(dirname(path), join(root, target)), path);
  }
}
