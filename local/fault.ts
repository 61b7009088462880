import { CLUSTER_NAMES, type ClusterName } from "./address-plan.ts";
import { type Fault, FAULTS, heal, inject, partition } from "./cluster/fault.ts";
import { installation } from "./installation.ts";

/** `node local/fault.ts <fault> <cluster>`: makes a running cluster fail, or heals it. */
async function main([fault = "", first = "", second]: readonly string[]): Promise<void> {
  const here = installation(process.env);
  if (fault === "heal") return heal(here);
  if (fault === "partition" && isCluster(first) && isCluster(second)) return partition(here, first, second);
  if (isFault(fault) && isCluster(first)) return inject(here, fault, first, second);
  const lines = Object.entries(FAULTS).map(([name, does]) => `  ${name.padEnd(10)}<cluster>  ${does}`);
  console.error(`Usage: node local/fault.ts <fault> <cluster>, with a cluster of ${CLUSTER_NAMES.join(", ")}:
${lines.join("\n")}
  partition <one> <other>  lets two clusters no longer see each other
  heal                 lets them see each other again`);
  process.exitCode = 2;
}

function isFault(word: string): word is Fault {
  return Object.hasOwn(FAULTS, word);
}

function isCluster(word: string | undefined): word is ClusterName {
  return (CLUSTER_NAMES as readonly (string | undefined)[]).includes(word);
}

await main(process.argv.slice(2));
