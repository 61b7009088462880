import { readdir, readFile, symlink } from "node:fs/promises";
import { arch } from "node:process";
import { join } from "node:path";
import { run } from "../command.ts";
import { REPOSITORY } from "../paths.ts";
import { cached, contentKey } from "./cache.ts";
import { goToolchain } from "./go-toolchain.ts";

/** One Go module of `local/go`: its folder, the packages to build, and the programs that come of them. */
export interface GoModule {
  readonly name: "kube" | "dns" | "metrics" | "volumes";
  readonly packages: string;
  /** Passed to `go build -o`: a folder (with a slash) takes each program's own name. */
  readonly output: string;
}

/** The modules in the order of need: the clusters start with the first, metrics can come last. */
export const GO_MODULES: Readonly<Record<GoModule["name"], GoModule>> = {
  kube: { name: "kube", packages: "./cmd/...", output: "./" },
  dns: { name: "dns", packages: ".", output: "coredns" },
  metrics: { name: "metrics", packages: ".", output: "metrics-server" },
  volumes: { name: "volumes", packages: ".", output: "volume-key" },
};

/** Names under which the one Kubernetes binary is linked; the name decides what it is. */
export const KUBERNETES_PROGRAMS = [
  "kubectl",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
] as const;

/** A program that {@link goPrograms} of the module `kube` gives. */
export type KubeProgram = (typeof KUBERNETES_PROGRAMS)[number] | "etcd" | "pause";

/** Raise it when the way of building changes. */
const RECIPE = "2";

const BUILD = { CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false -mod=readonly", GOTOOLCHAIN: "local" };

/** The folder with a module's programs, compiled on the first use: minutes when Go's own caches are empty, else seconds. */
export async function goPrograms(cache: string, { name, packages, output }: GoModule): Promise<string> {
  const source = join(REPOSITORY, "local/go", name);
  const files = await filesBelow(source);
  const contents = await Promise.all(files.map((file) => readFile(file)));
  const names = files.map((file) => file.slice(source.length));
  const key = contentKey(RECIPE, arch, ...names, ...contents);
  return cached({ cache, kind: `go-${name}`, key }, async (folder) => {
    const module = await readFile(join(source, "go.mod"), "utf8");
    const { go, env } = await goToolchain(cache, requiredGo(module));
    const flags = ["-ldflags", `-s -w ${name === "kube" ? versionFlags(module) : ""}`.trim()];
    await run(go, ["build", ...flags, "-o", join(folder, output), packages], {
      cwd: source,
      env: { ...BUILD, ...env },
    });
    if (name === "kube") for (const link of KUBERNETES_PROGRAMS) await symlink("kube", join(folder, link));
  });
}

/** The path of one of the Kubernetes programs. */
export async function kubeProgram(cache: string, program: KubeProgram): Promise<string> {
  return join(await goPrograms(cache, GO_MODULES.kube), program);
}

/** Linker flags without which every Kubernetes program would call itself v0.0.0. */
export function versionFlags(module: string): string {
  const version = /k8s\.io\/kubernetes (v1\.(\d+)\S*)/.exec(module);
  if (version === null) throw new Error("local/go/kube/go.mod requires no k8s.io/kubernetes");
  const [, full, minor] = version;
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((at) => [`${at}.gitVersion=${full}`, `${at}.gitMajor=1`, `${at}.gitMinor=${minor}`])
    .map((setting) => `-X ${setting}`)
    .join(" ");
}

/** The lowest Go that a module builds with, as [major, minor]. */
export function requiredGo(module: string): readonly [number, number] {
  const [, major, minor] = /^go (\d+)\.(\d+)/m.exec(module) ?? [];
  return [Number(major ?? 1), Number(minor ?? 25)];
}

/** Every file of a folder and the folders in it, in a fixed order. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
