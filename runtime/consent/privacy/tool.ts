import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { serviceIdentity } from "../../service/certificate.ts";
import { readConfig } from "../../service/config-file.ts";
import { regionClient } from "../../service/kubernetes-client.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase } from "../../service/postgres.ts";
import { ConsentConfig } from "../config.ts";
import { runCommand, USAGE } from "./commands.ts";

const { env, argv, stdout, stderr } = process;

/** What compliance does by hand, in the consent service's pod and with its rights. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      by: { type: "string" },
      law: { type: "string" },
      until: { type: "string" },
      because: { type: "string" },
      words: { type: "string" },
    },
  });
  const [command] = positionals;
  if (command === undefined) throw new Error(USAGE);
  const config = readConfig(ConsentConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  const log = createLog("consent", { level: "warn", destination: stderr });
  const identity = await serviceIdentity({
    env,
    service: "consent",
    namespace: config.namespace,
    client: () => regionClient("consent", env),
    log,
    signal: new AbortController().signal,
  });
  const database = createDatabase({ config: config.database, user: "consent", identity, log });
  try {
    const newId = (prefix: string): string => `${prefix}-${randomUUID()}`;
    const said = await runCommand(positionals, values, { database, now: new Date(), newId });
    stdout.write(`${JSON.stringify(said, undefined, 2)}\n`);
  } finally {
    await database.close();
    identity.stop();
  }
}

try {
  await main(argv.slice(2));
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
