import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import type { FoundationImages } from "../image/images.ts";
import { cached, contentKey } from "../toolchain/cache.ts";
import { explainedBy, until } from "../wait.ts";
import type { Tools } from "./tools.ts";
import { storeConfiguration } from "./containerd.ts";

/**
 * A containerd root with all foundation images imported and unpacked, made once.
 *
 * Importing them into each cluster at each start would cost seconds; a copy by hard links costs nothing.
 */
export function imageStore(
  cache: string,
  images: FoundationImages,
  { containers, version }: Tools,
): Promise<string> {
  const all = Object.values(images);
  const key = contentKey("store 1", version, ...all.map(({ digest }) => digest));
  return cached({ cache, kind: "store", key }, async (folder) => {
    const configuration = join(folder, "containerd.toml");
    await writeFile(configuration, storeConfiguration(folder));
    const log = openSync(join(folder, "log"), "a");
    const program = [join(containers, "containerd"), "--config", configuration];
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--mount", ...program], {
      stdio: ["ignore", log, log],
      env: { ...process.env, PATH: `${containers}:${process.env["PATH"]}` },
    });
    const ended = once(child, "exit");
    const ctr = (...args: string[]) =>
      run(join(containers, "ctr"), ["--address", join(folder, "socket"), "--namespace", "k8s.io", ...args]);
    try {
      await explainedBy(join(folder, "log"), () =>
        until(() => ctr("version"), { timeout: 20_000, what: "containerd to fill the image store" }),
      );
      for (const { archive, reference } of all) {
        await ctr("images", "import", archive);
        // Else the CRI plugin takes the image for somebody else's and lets the kubelet not see it.
        await ctr("images", "label", reference, "io.cri-containerd.image=managed");
      }
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
    for (const name of ["state", "socket", "socket.ttrpc"])
      await rm(join(folder, name), { recursive: true, force: true });
  });
}

/**
 * Gives a new cluster its own copy of the store: layers by hard link (nobody changes them), databases as files.
 *
 * @returns whether it did; false when the cluster has a store already.
 */
export async function copyStore(store: string, to: string): Promise<boolean> {
  if (existsSync(to)) return false;
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const from = join(store, "root");
  await run("cp", ["-al", `${from}/.`, unfinished]);
  for (const entry of await readdir(from, { recursive: true })) {
    if (!entry.endsWith(".db")) continue;
    await rm(join(unfinished, entry));
    await copyFile(join(from, entry), join(unfinished, entry));
  }
  await rename(unfinished, to);
  return true;
}
