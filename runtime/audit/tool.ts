import { once } from "node:events";
import { Registry } from "prom-client";
import { keyStoreInPod } from "../../key-store/open-bao/awaited-keys.ts";
import { serviceIdentity } from "../service/certificate.ts";
import { readConfig } from "../service/config-file.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import { AuditConfig } from "./config.ts";
import { exportMonth } from "./export.ts";
import type { NoteSigner } from "./checkpoint/note.ts";
import { signerOf } from "./keys.ts";
import { disputePack } from "./pack.ts";
import { dropMonth, liftHold, placeHold } from "./retention.ts";
import { growthSince } from "./witness/growth.ts";
import { wrappingsOf, type Wrappings } from "./wrapping-keys.ts";

const USAGE = `Run inside the audit service's pod; everything goes to standard output.
  node runtime/audit/tool.ts key              the verifier key of this group's log
  node runtime/audit/tool.ts export 2026-11   a month of the log, each line after the name of its file
  node runtime/audit/tool.ts pack ID          all that is known of one consent or payment, with proofs
  node runtime/audit/tool.ts consistency SIZE the newest checkpoint, with proof that it begins with that of SIZE leaves
  node runtime/audit/tool.ts hold 2026-11 REASON   keeps a month beyond its seven years; prints the hold's number
  node runtime/audit/tool.ts lift NUMBER           lifts a hold
  node runtime/audit/tool.ts drop 2019-01 SHA256   drops a month's leaves; SHA256 is that of its export's manifest.json`;

const { env, argv, stdout, stderr } = process;

/** Keys that a command may need: of a store it asks for those alone. */
interface Keys {
  /** Waits for a store that is away. */
  readonly signer: () => Promise<NoteSigner>;
  /** Throws KeyStoreError while a store is away. */
  readonly wrappings: () => Promise<Wrappings>;
}

/** What a command works with. */
interface Hands extends Keys {
  readonly database: Database;
  readonly args: readonly string[];
  readonly at: Date;
}

const COMMANDS: Readonly<Record<string, (hands: Hands) => Promise<void>>> = {
  async export({ database, signer, args: [month = ""], at }) {
    for await (const { file, text } of exportMonth(database, { month, signer: await signer(), at }))
      await write(`${file} ${text}`);
  },
  async pack({ database, wrappings, args: [subject = ""] }) {
    await write(JSON.stringify(await disputePack(database, await wrappings(), subject)));
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
  await withKeys(config, async (keys) => {
    if (command === undefined) await write((await keys.signer()).verifierKey);
    else await withDatabase(config, (database) => command({ ...keys, database, args, at: new Date() }));
  });
}

async function withKeys(config: AuditConfig, use: (keys: Keys) => Promise<void>): Promise<void> {
  const log = createLog("audit", { level: "warn", destination: stderr });
  const stops: (() => Promise<void>)[] = [];
  try {
    await use({
      async signer() {
        const { signer, stop } = await signerOf(config, { env, log, registry: new Registry() });
        stops.push(stop);
        return signer;
      },
      async wrappings() {
        const inPod = { env, log, registry: new Registry() };
        const store = config.keyStore && keyStoreInPod(config.keyStore.openBao, inPod);
        if (store !== undefined) stops.push(() => store.stop());
        return wrappingsOf(config, env, store);
      },
    });
  } finally {
    for (const stop of stops) await stop();
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
