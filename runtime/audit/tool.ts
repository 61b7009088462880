import { once } from "node:events";
import { serviceIdentity } from "../service/certificate.ts";
import { readConfig } from "../service/config-file.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import { AuditConfig } from "./config.ts";
import { exportMonth } from "./export.ts";
import { signerOf, wrappingKey } from "./keys.ts";
import { disputePack } from "./pack.ts";

const USAGE = `Run inside the audit service's pod; everything goes to standard output.
  node runtime/audit/tool.ts key              the verifier key of this group's log
  node runtime/audit/tool.ts export 2026-11   a month of the log, each line after the name of its file
  node runtime/audit/tool.ts pack ID          all that is known of one consent or payment, with proofs`;

const { env, argv, stdout, stderr } = process;

async function main([command, argument = ""]: readonly string[]): Promise<void> {
  const config = readConfig(AuditConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  const signer = await signerOf(config.group, env);
  if (command === "key") return write(signer.verifierKey);
  if (command === "pack") {
    const wrapping = await wrappingKey(env);
    return withDatabase(config, async (database) =>
      write(JSON.stringify(await disputePack(database, wrapping, argument))),
    );
  }
  if (command !== "export") throw new Error(USAGE);
  await withDatabase(config, async (database) => {
    const lines = exportMonth(database, { month: argument, signer, at: new Date() });
    for await (const { file, text } of lines) await write(`${file} ${text}`);
  });
}

async function withDatabase(config: AuditConfig, use: (database: Database) => Promise<void>): Promise<void> {
  const log = createLog("audit", { level: "warn", destination: stderr });
  const identity = await serviceIdentity({
    env,
    service: "audit",
    namespace: config.namespace,
    client: () => regionClient("audit", env),
    log,
    signal: new AbortController().signal,
  });
  const database = createDatabase({ config: config.database, user: "audit", identity, log });
  await use(database);
  await database.close();
  identity.stop();
}

async function write(line: string): Promise<void> {
  if (!stdout.write(`${line}\n`)) await once(stdout, "drain");
}

try {
  await main(argv.slice(2));
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
