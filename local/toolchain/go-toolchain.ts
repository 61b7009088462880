import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { arch } from "node:process";
import { join } from "node:path";
import { run } from "../command.ts";
import { cached, contentKey } from "./cache.ts";
import { debianTree } from "./debian.ts";
import { fetchLocked } from "./locked-file.ts";

/** A Go compiler and what it needs in its environment. */
export interface Toolchain {
  readonly go: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The Go that is fetched where the machine has none: as the go command itself would, as a module. */
const VERSION = "v0.0.1-go1.26.8.linux";
const HASHES = {
  amd64: "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
  arm64: "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99",
};

/** The machine's Go if it is recent enough, else one that is fetched. */
export async function goToolchain(
  cache: string,
  [major, minor]: readonly [number, number],
): Promise<Toolchain> {
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    const version = await run(go, ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } }).catch(() => "");
    const [, hasMajor, hasMinor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
    if (Number(hasMajor) > major || (Number(hasMajor) === major && Number(hasMinor) >= minor))
      return { go, env: {} };
  }
  return fetchedGo(cache);
}

/** Go out of the cache, fetched on the first use: 70 MB. @throws Error when it cannot be fetched. */
export async function fetchedGo(cache: string): Promise<Toolchain> {
  const architecture = arch === "arm64" ? "arm64" : "amd64";
  const hash = HASHES[architecture];
  const root = await cached({ cache, kind: "go-toolchain", key: contentKey("2", hash) }, async (folder) => {
    const url = `${moduleProxy(process.env["GOPROXY"])}/golang.org/toolchain/@v/${VERSION}-${architecture}.zip`;
    const archive = join(folder, "go.zip");
    await fetchLocked({ url, hash }, archive);
    const unpacked = join(folder, "unpacked");
    await mkdir(unpacked);
    const { root: tools, libraries } = await debianTree(cache, ["unzip"]);
    const env = { LD_LIBRARY_PATH: libraries };
    await run(join(tools, "usr/bin/unzip"), ["-q", archive, "-d", unpacked], { env });
    const [module = ""] = await readdir(join(unpacked, "golang.org"));
    await rename(join(unpacked, "golang.org", module), join(folder, "go"));
    // A module's archive says nothing of what may be run.
    await run("chmod", ["-R", "a+x", join(folder, "go/bin"), join(folder, "go/pkg/tool")]);
    await Promise.all([rm(archive), rm(unpacked, { recursive: true })]);
  });
  return { go: join(root, "go/bin/go"), env: { GOROOT: join(root, "go") } };
}

/** The first proxy that GOPROXY names, as the go command reads it; its own default where that is no address. */
export function moduleProxy(setting = ""): string {
  const [first = ""] = setting.split(/[,|]/);
  return /^https?:/.test(first) ? first.replace(/\/$/, "") : "https://proxy.golang.org";
}
