import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { run } from "./command.ts";
import { inPath, type Machine } from "./preflight.ts";

/** This machine, as {@link obstacle} wants to know it. */
export async function thisMachine(environment: NodeJS.ProcessEnv, cache: string): Promise<Machine> {
  const gigabyte = 2 ** 30;
  let place = cache;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  return {
    platform: process.platform,
    architecture: process.arch,
    uid: process.getuid?.() ?? -1,
    has: (program) => inPath(program, environment["PATH"] ?? ""),
    routes: await run("ip", ["-4", "route"]).catch(() => ""),
    cache,
    // What the caches hold already need not be free any more.
    freeSpace: existsSync(cache) ? Math.max((bavail * bsize) / gigabyte, 12) : (bavail * bsize) / gigabyte,
    memory: totalmem() / gigabyte,
  };
}
