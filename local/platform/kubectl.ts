import { run } from "../command.ts";
import type { Manifest } from "./secrets.ts";

/** kubectl as the administrator of one cluster. @throws CommandError with what kubectl said. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** A kubectl bound to one kubeconfig; the user's own configuration is never read. */
export function kubectl(program: string, kubeconfig: string): Kubectl {
  return (args, input) =>
    run(program, ["--kubeconfig", kubeconfig, ...args], {
      env: { KUBECONFIG: "" },
      ...(input === undefined ? {} : { input }),
    });
}

/** Applies manifests server-side, in their order. Safe to repeat. */
export async function apply(cluster: Kubectl, manifests: readonly Manifest[]): Promise<void> {
  await cluster(
    ["apply", "--server-side", "--force-conflicts", "--field-manager=wekeza-install", "-f", "-"],
    // JSON, because YAML 1.1, which kubectl reads, takes a property named y for true.
    JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }),
  );
}
