import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { startService } from "../service/start.ts";
import { startAgent } from "./agent.ts";
import { PostgresConfig } from "./config.ts";
import { STANDBY } from "./roles.ts";
import { slotName } from "./standby/connection.ts";

await startService({
  name: "postgres",
  config: PostgresConfig,
  async run(setting) {
    const { config, log, env, stopping } = setting;
    const { primary } = config;
    const service = primary ? STANDBY.service : "postgres";
    const identity = await serviceIdentity({
      env,
      service,
      namespace: config.namespace,
      client: () => regionClient(service, env),
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const agent = await startAgent({
      config,
      identity,
      log,
      programs: { folder: env["WEKEZA_POSTGRES_PROGRAMS"] ?? "/usr/lib/postgresql/15/bin" },
      folder: env["WEKEZA_POSTGRES_RUN"] ?? "/run/postgresql/agent",
      standby: primary && { primary, slot: slotName(env["POD_NAME"] ?? STANDBY.service) },
      signal: stopping,
    });
    setting.ready("postgres", () => agent.problem());
    setting.onStop("postgres", () => agent.stop());
    void agent.ended.then((how) => {
      if (stopping.aborted) return;
      // Kubernetes starts the pod's container again, and recovery with it; a second server here would hide the crash.
      log.fatal({ how }, "postgres ended by itself");
      process.exit(1);
    });
  },
});
