import { parseArgs } from "node:util";
import { instanceOf } from "../../local/address-plan.ts";
import { contextFolder, runFolder } from "../../local/paths.ts";
import { failureText } from "./failure.ts";
import { createJournal } from "./journal.ts";
import { quickstart } from "./quickstart.ts";

const USAGE = `node cli/quickstart/main.ts [--group NAME|all] [--fresh]

A partner's first day on the running platform: keys, certificate, consent, accounts, a payment, withdrawal.
  --group  failover group to call: east-africa, europe or all (default)
  --fresh  forgets the partner of the last run and makes a new one

CONTEXT=name in the environment: the cluster that \`make up CONTEXT=name\` installed into`;

/** @returns the exit code: 0 when everything went as it should, 1 when a step failed, 2 for a wrong option. */
async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const options = parsed(args);
  if (typeof options === "string") {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const start = performance.now();
  const journal = createJournal(
    () => performance.now(),
    (line) => console.log(line),
  );
  try {
    const context = environment["CONTEXT"];
    const folder = context
      ? contextFolder(environment, context)
      : runFolder(environment, instanceOf(environment));
    const results = await quickstart({ ...options, runFolder: folder }, journal);
    const names = results.map(({ group }) => group).join(" and ");
    console.log(`\nall right in ${names}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return 0;
  } catch (error) {
    console.error(failureText(error));
    return 1;
  }
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        group: { type: "string", default: "all" },
        fresh: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

process.exitCode = await main(process.argv.slice(2), process.env);
