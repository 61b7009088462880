import { once } from "node:events";
import { Registry } from "prom-client";
import { serviceIdentity } from "../service/certificate.ts";
import { readConfig } from "../service/config-file.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import { AuditConfig } from "./config.ts";
import { exportMonth } from "./export.ts";
import type { NoteSigner } from "./checkpoint/note.ts";
import { signerOf, wrappingKey } from "./keys.ts";
import { disputePack } from "./pack.ts";
import { dropMonth, liftHold, placeHold } from "./retention.ts";
import { growthSince } from "./witness/growth.ts";

const USAGE = `Run inside the audit service's pod; everything goes to standard output.
  node runtime/audit/tool.ts key              the verifier key of this group's log
  node runtime/audit/tool.ts export 2026-11   a month of the log, each line after the name of its file
  node runtime/audit/tool.ts pack ID          all that is known of one consent or payment, with proofs
  node runtime/audit/tool.ts consistency SIZE the newest checkpoint, with proof that it begins with that of SIZE leaves
  node runtime/audit/tool.ts hold 2026-11 REASON   keeps a month beyond its seven years; prints the hold's number
  node runtime/audit/tool.ts lift NUMBER           lifts a hold
  node runtime/audit/tool.ts drop 2019-01 SHA256   drops a month's leaves; SHA256 is that of its export's manifest.json`;

const { env, argv, stdout, stderr } = process;

/** What a command works with. */
interface Hands {
  readonly database: Database;
  readonly signer: NoteSigner;
  readonly args: readonly string[];
  readonly at: Date;
}

const COMMANDS: Readonly<Record<string, (hands: Hands) => Promise<void>>> = {
  async export({ database, signer, args: [month = ""], at }) {
    for await (const { file, text } of exportMonth(database, { month, signer, at }))
      await write(`${file} ${text}`);
  },
  async pack({ database, args: [subject = ""] }) {
    await write(JSON.stringify(await disputePack(database, await wrappingKey(env), subject)));
  },
  async consistency({ database, args: [size = ""] }) {
    await write((await growthSince(database, size)).trimEnd());
  },
  async hold({ database, args: [month = "", reason = ""], at }) {
    await write(await placeHold(database, month, reason, at));
  },
  async lift({ database, args: [hold = ""], at }) {
    await write((await liftHold(database, hold, at)) ? "lifted" : "there is no such hold");
  },
  async drop({ database, args: [month = "", manifest = ""], at }) {
    await dropMonth(database, month, manifest, at);
    await write(`${month} is dropped`);
  },
};

async function main([name = "", ...args]: readonly string[]): Promise<void> {
  const config = readConfig(AuditConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  const command = COMMANDS[name];
  if (command === undefined && name !== "key") throw new Error(USAGE);
  const log = createLog("audit", { level: "warn", destination: stderr });
  const { signer, stop } = await signerOf(config, { env, log, registry: new Registry() });
  try {
    if (command === undefined) await write(signer.verifierKey);
    else await withDatabase(config, (database) => command({ database, signer, args, at: new Date() }));
  } finally {
    await stop();
  }
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
