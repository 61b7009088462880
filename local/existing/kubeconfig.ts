import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, run } from "../command.ts";
import { type Kubectl, kubectl } from "../platform/kubectl.ts";

/**
 * A kubectl for one context of the user's own kubeconfig (KUBECONFIG, else `~/.kube/config`), and for nothing else of it.
 *
 * That context is copied to `hub.kubeconfig` in the folder, readable for this user alone; the original is only read.
 *
 * @param program kubectl.
 * @throws Error that lists the contexts when there is none of that name.
 */
export async function contextKubectl(
  program: string,
  context: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Kubectl> {
  const own = (args: readonly string[]) =>
    run(program, ["config", ...args], { env: { KUBECONFIG: environment["KUBECONFIG"] ?? "" } });
  const known = (await own(["get-contexts", "--output=name"])).trim().split("\n");
  if (!known.includes(context)) {
    const place = environment["KUBECONFIG"] || "~/.kube/config";
    const names = known.filter((name) => name !== "").join(", ");
    throw new Error(
      `${place} has no context ${context}; ${names === "" ? "it has none at all" : `it has: ${names}`}`,
    );
  }
  const text = await own(["view", "--context", context, "--minify", "--flatten", "--raw"]);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const file = join(folder, "hub.kubeconfig");
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
  const client = kubectl(program, file);
  await client(["version", "--output=json", "--request-timeout=20s"]).catch((cause: unknown) => {
    const said = cause instanceof CommandError ? cause.stderr.trim() : String(cause);
    throw new Error(`the cluster of context ${context} gives no answer: ${said}`, { cause });
  });
  return client;
}
