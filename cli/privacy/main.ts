import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const USAGE = `node cli/privacy/main.ts --namespace stack-GROUP [--kubeconfig FILE] [--kubectl PROGRAM] -- COMMAND...
  Runs what compliance does about customers' rights over their data, in the consent service's pod of a region.
  Without a command it says which there are; docs/privacy.md tells the story.`;

/** @returns the exit code of what ran in the pod; 2 when nothing could be run. */
function main(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      namespace: { type: "string" },
      kubeconfig: { type: "string" },
      kubectl: { type: "string", default: "kubectl" },
    },
  });
  const { namespace, kubeconfig, kubectl } = values;
  if (namespace === undefined) {
    console.error(USAGE);
    return 2;
  }
  const where = [...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]), "--namespace", namespace];
  const program = ["node", "runtime/consent/privacy/tool.ts", ...positionals];
  const pod = ["exec", "deploy/consent", "--container", "consent", "--"];
  const { status, error } = spawnSync(kubectl, [...where, ...pod, ...program], { stdio: "inherit" });
  if (error !== undefined) console.error(`${kubectl} could not be run: ${error.message}`);
  return status ?? 2;
}

process.exitCode = main(process.argv.slice(2));
