import { join } from "node:path";
import { serviceIdentity } from "../service/certificate.ts";
import { readConfig } from "../service/config-file.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createLog } from "../service/logger.ts";
import { applyMigrations } from "./apply.ts";
import { PostgresConfig } from "./config.ts";
import { loginPatiently } from "./login.ts";
import { readMigrations } from "./migrations.ts";
import { SCHEMAS } from "./roles.ts";

/** How long the Job waits for its Postgres, in ms; Kubernetes starts another when that was too short. */
const PATIENCE_MS = 300_000;
const RUNTIME = join(import.meta.dirname, "..");

const { env } = process;
const log = createLog("migrator", { level: env["LOG_LEVEL"] ?? "info" });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort(new Error("Told to stop.")));

try {
  const config = readConfig(PostgresConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  const identity = await serviceIdentity({
    env,
    service: "migrator",
    namespace: config.namespace,
    client: () => regionClient("migrator", env),
    log,
    signal: stop.signal,
  });
  const client = await loginPatiently({
    database: config.database,
    role: "migrator",
    identity,
    log,
    patienceMs: PATIENCE_MS,
    signal: stop.signal,
  });
  for (const schema of SCHEMAS) {
    const files = await readMigrations(join(RUNTIME, schema, "sql"));
    log.info(
      { schema, applied: await applyMigrations(client, schema, files), known: files.length },
      "schema migrated",
    );
  }
  await client.end();
  process.exit(0);
} catch (error) {
  log.fatal({ err: error }, "not migrated");
  process.exit(1);
}
