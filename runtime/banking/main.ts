import { SERVED } from "../../crds/shard.ts";
import { serviceIdentity } from "../service/certificate.ts";
import type { BankSystem } from "../service/config.ts";
import { ConfigError } from "../service/config-file.ts";
import { trusting } from "../service/identity.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createUpstream, type Upstream } from "../service/mtls-client.ts";
import { databaseOf } from "../service/partner-database.ts";
import { keepPodLease } from "../service/pod-lease.ts";
import { startService } from "../service/start.ts";
import { keepMonths } from "../service/months.ts";
import { Worker } from "../service/worker.ts";
import { bankingApp } from "./app.ts";
import { carryOutAuthorised } from "./berlin-group/carry-out.ts";
import { BankingConfig } from "./config.ts";
import { httpCore } from "./http-core.ts";
import { createLedger } from "./ledger.ts";
import { bookNext, dispatchNext } from "./payments/dispatch.ts";
import { httpBookings, httpFraud, httpScheme } from "./payments/http-ports.ts";
import { createFraudRecord } from "./payments/fraud-record.ts";
import { createPayments } from "./payments/payments.ts";
import { fixedRates } from "./payments/rates.ts";
import { createSandboxScheme, sandboxFraud } from "./payments/sandbox.ts";
import { bankingMetrics } from "./metrics.ts";
import { startReplica } from "./replica.ts";
import { restrictionsIn } from "./restriction.ts";
import { keepAges } from "./retention.ts";
import { countedIn } from "./unattended.ts";

/** How often the database is asked whether it answers, in ms. */
const LOOK_MS = 5_000;
/** How often restrictions are read, in ms: one holds in every pod within this, and a moment. */
const RESTRICTIONS_MS = 1_000;
/** Pause when there is nothing to carry out, and the longest after something failed, in ms. */
const IDLE_MS = 250;
const FAILED_MS = 2_000;

await startService({
  name: "banking",
  config: BankingConfig,
  async run(setting) {
    const { config, log, env, stopping, registry } = setting;
    const { namespace, hosts } = config;
    if (config.demoData && config.environment === "production") {
      throw new ConfigError(
        "demoData is on in a production region; turn it off: production has no demo customers.",
      );
    }
    const pod = env["POD_NAME"];
    const kube = pod === undefined ? undefined : await regionClient("banking", env);
    const identity = await serviceIdentity({
      env,
      service: "banking",
      namespace,
      client: async () => kube ?? regionClient("banking", env),
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const database = databaseOf("banking", { config: config.database, identity, log });
    setting.onStop("database", () => database.close());

    const look = new Worker({
      name: "look at the database",
      everyMs: LOOK_MS,
      longestRestMs: LOOK_MS,
      log,
      work: async () => {
        await database.query("select 1 from accounts limit 1");
        return false;
      },
    });
    setting.onStop("look", () => look.stop());
    setting.ready("database", () => look.problem());
    const months = keepMonths({ database, registry, log });
    setting.onStop("months", () => months.stop());

    const clock = (): Date => new Date();
    const ages = keepAges({ database, registry, clock, log });
    setting.onStop("ages", () => ages.stop());
    const rates = fixedRates;
    const upstreamAt = ({ url, trust }: BankSystem): Upstream => {
      const upstream = createUpstream({ identity: trusting(identity, trust), origin: url });
      setting.onStop(url, () => upstream.close());
      return upstream;
    };
    const sandbox = config.environment !== "production";
    const { core: coreAt, fraud: fraudAt, scheme: schemeAt } = config.upstreams;
    const core = coreAt && upstreamAt(coreAt);
    const bank = core === undefined ? createLedger(database) : httpCore(core, log);
    // The replica is one of the ledger's, which another core's accounts are not in.
    const replica =
      core === undefined && config.replica !== undefined
        ? startReplica(config.replica, { setting, database, identity })
        : undefined;
    // In production nobody plays another bank or a fraud service: money waits, and payments go by the rule for no score.
    const scheme =
      schemeAt === undefined
        ? sandbox
          ? createSandboxScheme()
          : undefined
        : httpScheme(upstreamAt(schemeAt));
    const fraud =
      fraudAt === undefined
        ? sandbox
          ? sandboxFraud
          : { score: async () => undefined }
        : httpFraud(upstreamAt(fraudAt), log);
    if (scheme === undefined) log.warn({}, "no scheme is configured: money to other banks waits");
    const record = createFraudRecord(() => Date.now());
    // Outside a pod there is no operator to hear it.
    if (pod !== undefined && kube !== undefined) {
      const annotations = () => ({ [SERVED.behaviour]: JSON.stringify(record.scores()) });
      setting.onStop(
        "lease",
        keepPodLease({ client: kube, namespace, service: "banking", pod, annotations, log }),
      );
    }
    const payments = createPayments({ database, fraud, record, rates, core: core && bank });
    const restrictions = restrictionsIn(database);
    const restricting = new Worker({
      name: "restrictions",
      everyMs: RESTRICTIONS_MS,
      longestRestMs: RESTRICTIONS_MS,
      log,
      work: async () => {
        await restrictions.look();
        return false;
      },
    });
    setting.onStop("restrictions", () => restricting.stop());
    setting.ready("restrictions", () => restrictions.notReady());
    const app = bankingApp({
      restrictions,
      server: { identity, log, namespace, during: database.during },
      bank,
      reads: replica && { replica, bank: createLedger(replica.queries) },
      payments,
      rates,
      database,
      clock,
      apiHost: hosts.api,
      // Partners try things out in a sandbox; there is no customer whom too many calls could harm.
      unattended: config.environment === "production" ? countedIn(database) : undefined,
    });
    const carryOn = (name: string, work: (now: Date) => Promise<boolean>): void => {
      const worker = new Worker({
        name,
        everyMs: IDLE_MS,
        longestRestMs: FAILED_MS,
        log,
        work: () => work(clock()),
      });
      setting.onStop(name, () => worker.stop());
    };
    carryOn("payments", (now) => payments.carryOutNext(now));
    carryOn("initiations", (now) => carryOutAuthorised({ database, payments, log }, now));
    const { onContradiction } = bankingMetrics(registry);
    const dispatching = { database, log, onContradiction };
    if (core !== undefined) {
      const bookings = httpBookings(core);
      carryOn("bookings", (now) => bookNext({ ...dispatching, core: bookings }, now));
    }
    if (scheme !== undefined) carryOn("outgoing", (now) => dispatchNext({ ...dispatching, scheme }, now));
    setting.onStop("server", () => app.close());
    await app.listen({ port: Number(env["WEKEZA_PORT"] ?? 8443), host: "::" });
  },
});
