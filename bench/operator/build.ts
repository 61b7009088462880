import { readdir, readFile } from "node:fs/promises";
import { arch } from "node:process";
import { join } from "node:path";
import { run } from "../../local/command.ts";
import { cacheFolder } from "../../local/paths.ts";
import { cached, contentKey } from "../../local/toolchain/cache.ts";
import { goToolchain } from "../../local/toolchain/go-toolchain.ts";
import { requiredGo } from "../../local/toolchain/go.ts";

/** The controller on controller-runtime, compiled when its sources changed; returns the program's path. */
export async function buildControllerRuntime(): Promise<string> {
  const source = join(import.meta.dirname, "controller-runtime");
  const files = (await readdir(source)).toSorted();
  const contents = await Promise.all(files.map((file) => readFile(join(source, file))));
  const cache = cacheFolder(process.env);
  const entry = { cache, kind: "go-bench", key: contentKey(arch, ...files, ...contents) };
  const folder = await cached(entry, async (target) => {
    const module = await readFile(join(source, "go.mod"), "utf8");
    const { go, env } = await goToolchain(cache, requiredGo(module));
    await run(go, ["build", "-ldflags", "-s -w", "-o", join(target, "controller"), "."], {
      cwd: source,
      env: {
        CGO_ENABLED: "0",
        GOFLAGS: "-trimpath -buildvcs=false -mod=readonly",
        GOTOOLCHAIN: "local",
        ...env,
      },
    });
  });
  return join(folder, "controller");
}
