import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const USAGE = `node cli/privacy/main.ts --namespace stack-GROUP [--kubeconfig FILE] [--kubectl PROGRAM] -- COMMAND...
  Runs what compliance does about customers' rights over their data, in the consent service's pod of a region.
  Without a command it says which there are; docs/privacy.md tells the story.`;

/** @returns the exit code of what ran in the pod; 2 when nothing could be run. */
function main(args: readonly string[]): number {
  const options = parsed(args);
  if (typeof options === "string" || (options.namespace === undefined && !options.help)) {
    console.error(`${typeof options === "string" ? options : "Missing: --namespace."}\n\n${USAGE}`);
    return 2;
  }
  const { namespace, kubeconfig, kubectl, help, command } = options;
  if (help || namespace === undefined) {
    console.log(USAGE);
    return 0;
  }
  const where = [...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]), "--namespace", namespace];
  const program = ["node", "runtime/consent/privacy/tool.ts", ...command];
  const pod = ["exec", "deploy/consent", "--container", "consent", "--"];
  const { status, error } = spawnSync(kubectl, [...where, ...pod, ...program], { stdio: "inherit" });
  if (error !== undefined) console.error(`${kubectl} could not be run: ${error.message}`);
  return status ?? 2;
}

function parsed(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: "string" },
        kubeconfig: { type: "string" },
        kubectl: { type: "string", default: "kubectl" },
        help: { type: "boolean", default: false },
      },
    });
    return { ...values, command: positionals };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

process.exitCode = main(process.argv.slice(2));
