import { randomUUID } from "node:crypto";
import { serviceIdentity } from "../service/certificate.ts";
import { REVOKED_CHANNEL, type RevokedMessage } from "../service/consent-snapshot.ts";
import { forgetKeys } from "../service/idempotency.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { databaseOf } from "../service/partner-database.ts";
import { createRedis, redisPassword } from "../service/redis.ts";
import { createDirectory } from "../service/shards.ts";
import { watchSignedConfig } from "../service/signed-config.ts";
import { startService } from "../service/start.ts";
import { keepMonths } from "../service/months.ts";
import { Worker } from "../service/worker.ts";
import { consentApp } from "./app.ts";
import { ConsentConfig } from "./config.ts";
import { endFormerPartners, expireOverdue } from "./housekeeping.ts";
import { countLiveConsents, reportLiveConsents } from "./live-consents.ts";
import { carryOutErasures } from "./privacy/carry-out.ts";
import { keepAges } from "./privacy/keep-ages.ts";
import { watchTimeLimits } from "./privacy/metrics.ts";
import { changeConsent } from "./registry.ts";
import { createConsentStore } from "./store.ts";

/** How often consents are looked through for those that must end, in ms. */
const HOUSEKEEPING_MS = 5_000;
/** How often it is looked whether live consents are to be counted again, in ms. */
const COUNTING_MS = 5_000;

await startService({
  name: "consent",
  config: ConsentConfig,
  async run(setting) {
    const { config, log, env, stopping, registry } = setting;
    const { namespace, hosts, group, trust } = config;
    const client = await regionClient("consent", env);
    const identity = await serviceIdentity({
      env,
      service: "consent",
      namespace,
      client: async () => client,
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const database = databaseOf("consent", { config: config.database, identity, log });
    setting.onStop("database", () => database.close());
    const redis = createRedis({
      config: config.redis,
      service: "consent",
      password: redisPassword(env, "consent"),
      identity,
      log,
    });
    setting.onStop("redis", () => redis.disconnect());

    const clock = (): Date => new Date();
    const partners = createDirectory({
      group,
      trust,
      startedAt: clock(),
      onRefused: (document, reason) => log.warn({ document, reason }, "signed document refused"),
    });
    const watch = watchSignedConfig({ client, namespace, directory: partners, log });
    setting.onStop("signed config", () => watch.stop());
    setting.ready("signed config", () => watch.notSynced() ?? partners.notReady(clock()));

    const store = createConsentStore(database);
    const change = changeConsent({
      store,
      clock,
      log,
      async tellRevoked(consent) {
        const message: RevokedMessage = { consent };
        await redis.publish(REVOKED_CHANNEL, JSON.stringify(message));
      },
    });

    const lookAtTimeLimits = watchTimeLimits({ registry, database, clock, log });
    const housekeeping = new Worker({
      name: "housekeeping",
      everyMs: HOUSEKEEPING_MS,
      longestRestMs: HOUSEKEEPING_MS,
      log,
      work: async () => {
        await expireOverdue(store, change, clock());
        await forgetKeys(database, clock());
        await store.forgetCalls(clock());
        await carryOutErasures({ database, change, clock, log });
        await lookAtTimeLimits();
        // A pod that does not serve yet may hold an old roster, which would end partners that are back.
        if (partners.notReady(clock()) === undefined)
          await endFormerPartners(store, change, partners.roster());
        return false;
      },
    });
    setting.onStop("housekeeping", () => housekeeping.stop());
    setting.ready("database", () => housekeeping.problem());
    const months = keepMonths({ database, registry, log });
    setting.onStop("months", () => months.stop());
    const ages = keepAges({ database, registry, log });
    setting.onStop("ages", () => ages.stop());

    const counting = new Worker({
      name: "live consents",
      everyMs: COUNTING_MS,
      log,
      work: async () => {
        // Whose policies they are stands in the shards.
        if (watch.notSynced() !== undefined) return false;
        const count = () => countLiveConsents(database, partners);
        await reportLiveConsents({ client, namespace, pod: env["POD_NAME"] ?? "consent", now: clock, count });
        return false;
      },
    });
    setting.onStop("live consents", () => counting.stop());

    const app = consentApp({
      server: { identity, log, namespace, during: database.during },
      database,
      store,
      change,
      partners,
      clock,
      newId: (prefix) => `${prefix}-${randomUUID()}`,
      country: config.country,
      apiHost: hosts.api,
      authHost: hosts.auth,
    });
    setting.onStop("server", () => app.close());
    await app.listen({ port: Number(env["WEKEZA_PORT"] ?? 8443), host: "::" });
  },
});
