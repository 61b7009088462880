import { join } from "node:path";
import { run } from "../../local/command.ts";
import { type Clusters, kubeconfigFile, type RegionName } from "./clusters.ts";

/**
 * Rows of a query in a stack's database, asked as its superuser inside the pod: nobody gets in so over the network.
 *
 * @returns the values of each row, as text.
 */
export async function query(
  { runFolder }: Clusters,
  { region, namespace }: { readonly region: RegionName; readonly namespace: string },
  sql: string,
): Promise<readonly (readonly string[])[]> {
  const where = ["--kubeconfig", kubeconfigFile(runFolder, region), "--namespace", namespace];
  const psql = [
    "psql",
    "--host=/run/postgresql/agent",
    "--username=postgres",
    "--dbname=wekeza",
    "--no-psqlrc",
  ];
  const options = ["--tuples-only", "--no-align", "--field-separator=|", "--command", sql];
  const inside = ["postgres-0", "--container", "postgres", "--", ...psql, ...options];
  const text = await run(join(runFolder, "bin", "kubectl"), [...where, "exec", ...inside]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
}
