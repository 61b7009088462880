import { setTimeout as delay } from "node:timers/promises";
import { serviceIdentity } from "../../service/certificate.ts";
import { ConfigError, readConfig } from "../../service/config-file.ts";
import { regionClient } from "../../service/kubernetes-client.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase } from "../../service/postgres.ts";
import { SeedConfig } from "./config.ts";
import { plantCustomers } from "./plant.ts";

/** How long the Job waits for database and schema, in ms; Kubernetes starts another when that was too short. */
const PATIENCE_MS = 300_000;

const { env } = process;
const log = createLog("seed", { level: env["LOG_LEVEL"] ?? "info" });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort(new Error("Told to stop.")));

try {
  const config = readConfig(SeedConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  if (config.environment === "production" || !config.demoData) {
    throw new ConfigError("Demo customers are for sandboxes with demoData: true; nothing was written.");
  }
  const identity = await serviceIdentity({
    env,
    service: "seed",
    namespace: config.namespace,
    client: () => regionClient("seed", env),
    log,
    signal: stop.signal,
  });
  const database = createDatabase({
    config: config.database,
    user: "seed",
    schema: "banking",
    identity,
    log,
  });
  const end = performance.now() + PATIENCE_MS;
  for (let told = false; ; told = true) {
    try {
      await database.query("select 1 from postings limit 1");
      break;
    } catch (error) {
      if (performance.now() >= end) throw error;
      if (!told) log.info({ err: error }, "waiting for the schema");
      await delay(1_000, undefined, { signal: stop.signal });
    }
  }
  log.info(
    { customers: await plantCustomers(database, config.country, new Date()) },
    "demo customers planted",
  );
  await database.close();
  process.exit(0);
} catch (error) {
  log.fatal({ err: error }, "no demo customers");
  process.exit(1);
}
